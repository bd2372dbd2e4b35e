// check-cosignature opens a checkpoint with the verifiers of cosignatures that transparency-dev made.
//
//	check-cosignature NOTE VKEY [VKEY …]
//
// It prints the name behind each signature that holds. The exit status is 1, with a sentence, where one does not.
package main

import (
	"fmt"
	"os"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := check(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(path string, vkeys []string) error {
	message, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, vkey := range vkeys {
		verifier, err := open(vkey)
		if err != nil {
			return err
		}
		opened, err := note.Open(message, note.VerifierList(verifier))
		if err != nil {
			return err
		}
		fmt.Println(opened.Sigs[0].Name)
	}
	return nil
}

// open takes a verifier key of either type of cosignature; one of ML-DSA-44 is some 1,750 characters longer.
func open(vkey string) (note.Verifier, error) {
	if len(vkey) > 1000 {
		return f_note.NewMLDSAVerifier(vkey)
	}
	return f_note.NewVerifierForCosignatureV1(vkey)
}
