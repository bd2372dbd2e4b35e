// check-proof checks a file as C2SP tlog-proof has it, twice: by torchwood, and by formats and merkle.
//
//	check-proof -key VKEY [-witness VKEY]... PROOF ENTRY
//
// ENTRY is the file whose RFC 6962 leaf hash is proved. Every witness must have cosigned. The exit status is 1, with a
// sentence, where one of the two does not accept it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	f_proof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// texts is an option that may be given several times.
type texts []string

func (t *texts) String() string         { return strings.Join(*t, " ") }
func (t *texts) Set(value string) error { *t = append(*t, value); return nil }

func main() {
	key := flag.String("key", "", "the log's verifier key")
	var witnesses texts
	flag.Var(&witnesses, "witness", "the verifier key of a witness that must have cosigned")
	flag.Parse()
	if err := check(*key, witnesses, flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(key string, witnesses []string, proofFile, entryFile string) error {
	content, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	if err := byTorchwood(key, witnesses, content, entry); err != nil {
		return fmt.Errorf("torchwood: %w", err)
	}
	if err := byFormats(key, witnesses, content, entry); err != nil {
		return fmt.Errorf("formats and merkle: %w", err)
	}
	return nil
}

func byTorchwood(key string, witnesses []string, content, entry []byte) error {
	text := "log " + key + "\n"
	names := make([]string, 0, len(witnesses))
	for number, witness := range witnesses {
		names = append(names, fmt.Sprintf("w%d", number))
		text += fmt.Sprintf("witness w%d %s\n", number, witness)
	}
	switch len(names) {
	case 0:
		text += "quorum none\n"
	case 1:
		text += "quorum w0\n"
	default:
		text += "group all-of-them all " + strings.Join(names, " ") + "\nquorum all-of-them\n"
	}
	policy, err := torchwood.ParsePolicy([]byte(text))
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(policy, tlog.RecordHash(entry), content)
}

func byFormats(key string, witnesses []string, content, entry []byte) error {
	signer, err := f_note.NewVerifier(key)
	if err != nil {
		return err
	}
	cosigners := make([]note.Verifier, 0, len(witnesses))
	for _, witness := range witnesses {
		cosigner, err := f_note.NewVerifierForCosignatureV1(witness)
		if err != nil {
			return err
		}
		cosigners = append(cosigners, cosigner)
	}
	var parsed f_proof.TLogProof
	if err := parsed.Unmarshal(content); err != nil {
		return err
	}
	checkpoint, _, opened, err := log.ParseCheckpoint(parsed.Checkpoint, signer.Name(), signer, cosigners...)
	if err != nil {
		return err
	}
	if len(opened.Sigs) < 1+len(cosigners) {
		return errors.New("a witness did not cosign")
	}
	path := make([][]byte, 0, len(parsed.Hashes))
	for _, hash := range parsed.Hashes {
		path = append(path, hash[:])
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(entry)
	return proof.VerifyInclusion(rfc6962.DefaultHasher, parsed.Index, checkpoint.Size, leaf, path, checkpoint.Hash)
}
