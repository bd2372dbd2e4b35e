// read-log reads a log as C2SP tlog-tiles has it, with the parts that others made, and proves what can be proved.
//
//	read-log -url URL -key VKEY [-cosigner VKEY] [-bearer KEY] [-entries]
//
// It prints what it has seen as JSON. The exit status is 1, with a sentence, where anything does not hold.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sort"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Seen is what was read and held.
type Seen struct {
	Size        uint64 `json:"size"`
	Root        string `json:"root"`
	Cosigned    int64  `json:"cosigned"` // seconds since 1970, 0 without a cosigner
	Inclusion   int    `json:"inclusion"`
	Consistency int    `json:"consistency"`
	Entries     int64  `json:"entries"`
}

// bearer adds a program's key to each request.
type bearer struct{ key string }

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	if b.key != "" {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+b.key)
	}
	return http.DefaultTransport.RoundTrip(request)
}

func main() {
	base := flag.String("url", "", "where the log is")
	key := flag.String("key", "", "the log's verifier key")
	cosigner := flag.String("cosigner", "", "the verifier key of a timestamped cosignature that must be there")
	secret := flag.String("bearer", "", "a key for the log")
	entries := flag.Bool("entries", false, "read every entry too")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	seen, err := read(ctx, *base, *key, *cosigner, &http.Client{Transport: bearer{*secret}}, *entries)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		panic(err)
	}
}

func read(ctx context.Context, base, key, cosigner string, http *http.Client, entries bool) (*Seen, error) {
	root, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	tessera, err := client.NewHTTPFetcher(root, http)
	if err != nil {
		return nil, err
	}
	wood, err := torchwood.NewTileFetcher(base, torchwood.WithHTTPClient(http), torchwood.WithConcurrencyLimit(2))
	if err != nil {
		return nil, err
	}
	checkpoint, seen, err := open(ctx, tessera, key, cosigner)
	if err != nil {
		return nil, err
	}
	if err := proveByTiles(ctx, wood, checkpoint, seen); err != nil {
		return nil, fmt.Errorf("x/mod and torchwood: %w", err)
	}
	if err := proveByTessera(ctx, tessera, checkpoint); err != nil {
		return nil, fmt.Errorf("Tessera and merkle: %w", err)
	}
	if entries {
		err = readEntries(ctx, wood, checkpoint, seen)
	}
	return seen, err
}

// open verifies the newest checkpoint by x/mod's notes and by formats, and its cosignature by both too.
func open(ctx context.Context, from *client.HTTPFetcher, key, cosigner string) (*log.Checkpoint, *Seen, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, nil, err
	}
	checkpoint, raw, _, err := client.FetchCheckpoint(ctx, from.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return nil, nil, err
	}
	seen := &Seen{Size: checkpoint.Size, Root: base64.StdEncoding.EncodeToString(checkpoint.Hash)}
	if _, err := note.Open(raw, note.VerifierList(verifier)); err != nil {
		return nil, nil, fmt.Errorf("note: %w", err)
	}
	if cosigner == "" {
		return checkpoint, seen, nil
	}
	dated, err := f_note.NewVerifierForCosignatureV1(cosigner)
	if err != nil {
		return nil, nil, err
	}
	opened, err := note.Open(raw, note.VerifierList(dated))
	if err != nil {
		return nil, nil, fmt.Errorf("cosignature: %w", err)
	}
	by, err := torchwood.NewCosignatureVerifier(cosigner)
	if err != nil {
		return nil, nil, err
	}
	if _, err := note.Open(raw, note.VerifierList(by)); err != nil {
		return nil, nil, fmt.Errorf("cosignature, by torchwood: %w", err)
	}
	seen.Cosigned, err = torchwood.CosignatureTimestamp(opened.Sigs[0])
	return checkpoint, seen, err
}

// places are leaves and sizes at which the shape of the tree changes, and some between: at most a few dozen.
func places(size uint64) []uint64 {
	chosen := map[uint64]bool{0: true, size - 1: true, size / 2: true, size / 3: true}
	for power := uint64(1); power < size; power *= 2 {
		for _, place := range []uint64{power - 1, power, power + 1} {
			if place < size {
				chosen[place] = true
			}
		}
	}
	var sorted []uint64
	for place := range chosen {
		sorted = append(sorted, place)
	}
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return sorted
}

// proveByTiles checks the tiles against the root, and proofs over them, by x/mod's tlog; torchwood fetches.
func proveByTiles(ctx context.Context, from *torchwood.TileFetcher, checkpoint *log.Checkpoint, seen *Seen) error {
	tree := tlog.Tree{N: int64(checkpoint.Size), Hash: tlog.Hash(checkpoint.Hash)}
	hashes := torchwood.TileHashReaderWithContext(ctx, tree, from)
	for _, place := range places(checkpoint.Size) {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(place))})
		if err != nil {
			return err
		}
		path, err := tlog.ProveRecord(tree.N, int64(place), hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(path, tree.N, tree.Hash, int64(place), leaf[0]); err != nil {
			return fmt.Errorf("leaf %d: %w", place, err)
		}
		seen.Inclusion++
		if place == 0 {
			continue
		}
		old, err := tlog.TreeHash(int64(place), hashes)
		if err != nil {
			return err
		}
		steps, err := tlog.ProveTree(tree.N, int64(place), hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(steps, tree.N, tree.Hash, int64(place), old); err != nil {
			return fmt.Errorf("size %d: %w", place, err)
		}
		seen.Consistency++
	}
	return nil
}

// proveByTessera builds the same proofs with Tessera's client, and verifies them with merkle.
func proveByTessera(ctx context.Context, from *client.HTTPFetcher, checkpoint *log.Checkpoint) error {
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, from.ReadTile)
	if err != nil {
		return err
	}
	for _, place := range places(checkpoint.Size) {
		leaves, err := client.FetchLeafHashes(ctx, from.ReadTile, place, 1, checkpoint.Size)
		if err != nil {
			return err
		}
		path, err := builder.InclusionProof(ctx, place)
		if err != nil {
			return err
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, place, checkpoint.Size, leaves[0], path, checkpoint.Hash); err != nil {
			return fmt.Errorf("leaf %d: %w", place, err)
		}
	}
	return nil
}

// readEntries reads every entry by torchwood's client, which hashes each and compares it with its leaf.
func readEntries(ctx context.Context, from *torchwood.TileFetcher, checkpoint *log.Checkpoint, seen *Seen) error {
	tree := tlog.Tree{N: int64(checkpoint.Size), Hash: tlog.Hash(checkpoint.Hash)}
	reader, err := torchwood.NewClient(from)
	if err != nil {
		return err
	}
	for range reader.AllEntries(ctx, tree, 0) {
		seen.Entries++
	}
	return reader.Err()
}
