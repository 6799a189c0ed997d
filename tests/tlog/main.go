// Checks a ledger of Unavoce with the Go project's sumdb/note and sumdb/tlog, which share no code with ours.
//
//	go run main.go VKEY NOW [SEEN…]
//
// NOW and SEEN are folders with checkpoint and tiles (c2sp.org/tlog-tiles). Every leaf of NOW must be
// an entry of a bundle and provably in its tree, and the tree of every SEEN a prefix of it.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func must[T any](value T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return value
}

func read(place, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(place, name))
}

// tlog.ParseTree is for another first line; a checkpoint of C2SP has the origin there.
func checkpoint(place string, verifier note.Verifier) tlog.Tree {
	opened := must(note.Open(must(read(place, "checkpoint")), note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		fail("not three lines: %q", opened.Text)
	}
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
}

type tiles struct{ place string }

func (tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		// "tile/8/0/000" for us is "tile/0/000": C2SP has one height only.
		data, err := read(t.place, "tile/"+strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// The leaves' data, from the entry bundles.
func entries(place string, size int64) [][]byte {
	var all [][]byte
	for bundle := int64(0); int64(len(all)) < size; bundle++ {
		tile := tlog.Tile{H: 8, L: 0, N: bundle, W: int(min(256, size-256*bundle))}
		data := must(read(place, "tile/entries/"+strings.TrimPrefix(tile.Path(), "tile/8/0/")))
		for i := 0; i < tile.W; i++ {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 {
			fail("bundle %d is too long", bundle)
		}
	}
	return all
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func main() {
	verifier := must(note.NewVerifier(strings.TrimSpace(os.Args[1])))
	now := checkpoint(os.Args[2], verifier)
	reader := tlog.TileHashReader(now, tiles{os.Args[2]})
	for i, entry := range entries(os.Args[2], now.N) {
		if len(entry) != 32 {
			fail("entry %d is no commitment: %d bytes", i, len(entry))
		}
		proof := must(tlog.ProveRecord(now.N, int64(i), reader))
		if err := tlog.CheckRecord(proof, now.N, now.Hash, int64(i), tlog.RecordHash(entry)); err != nil {
			fail("entry %d: %v", i, err)
		}
	}
	for _, place := range os.Args[3:] {
		seen := checkpoint(place, verifier)
		proof := must(tlog.ProveTree(now.N, seen.N, reader))
		if err := tlog.CheckTree(proof, now.N, now.Hash, seen.N, seen.Hash); err != nil {
			fail("%s: %v", place, err)
		}
	}
	fmt.Printf("%d entries, %d earlier checkpoints\n", now.N, len(os.Args)-3)
}
