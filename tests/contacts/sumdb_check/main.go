// SPDX-License-Identifier: EUPL-1.2

// Checks a ledger with Go's checksum-database packages, which share no code with ours: notes, roots and proofs.
// It reads one JSON document and prints "holds", or says what does not and exits with 1.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64    `json:"index"`
	Leaf  []byte   `json:"leaf"`
	Proof [][]byte `json:"proof"`
}

type ledger struct {
	Key        string      `json:"key"`
	Old        string      `json:"old"`
	New        string      `json:"new"`
	Growth     [][]byte    `json:"growth"`
	Inclusions []inclusion `json:"inclusions"`
	Leaves     [][]byte    `json:"leaves"`
}

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for place, index := range indexes {
		found[place] = m[index]
	}
	return found, nil
}

func stop(what string, err error) {
	if err != nil {
		fmt.Println(what+":", err)
		os.Exit(1)
	}
}

func hashes(raw [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(raw))
	for place, each := range raw {
		copy(found[place][:], each)
	}
	return found
}

func state(text, key string) (int64, tlog.Hash) {
	verifier, err := note.NewVerifier(key)
	stop("key", err)
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	stop("note", err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	stop("size", err)
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	stop("root", err)
	var root tlog.Hash
	copy(root[:], raw)
	return size, root
}

func main() {
	var given ledger
	stop("input", json.NewDecoder(os.Stdin).Decode(&given))
	oldSize, oldRoot := state(given.Old, given.Key)
	newSize, newRoot := state(given.New, given.Key)
	stop("growth", tlog.CheckTree(tlog.TreeProof(hashes(given.Growth)), newSize, newRoot, oldSize, oldRoot))
	for _, each := range given.Inclusions {
		leaf := tlog.RecordHash(each.Leaf)
		stop("inclusion", tlog.CheckRecord(tlog.RecordProof(hashes(each.Proof)), newSize, newRoot, each.Index, leaf))
	}
	var stored memory
	for index, leaf := range given.Leaves {
		more, err := tlog.StoredHashes(int64(index), leaf, stored)
		stop("store", err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(newSize, stored)
	stop("tree", err)
	if root != newRoot {
		stop("tree", fmt.Errorf("another root"))
	}
	fmt.Println("holds")
}
