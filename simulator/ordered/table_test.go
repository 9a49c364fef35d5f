package ordered_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

type book struct{ ID, Author string }

func (b *book) Key() string { return b.ID }

func (b *book) Owner() string { return b.Author }

type shelf = ordered.Table[book, *book]

func ids(books []*book) []string {
	var ids []string
	for _, b := range books {
		ids = append(ids, b.ID)
	}
	return ids
}

func TestATableKeepsTheOrderOfCreation(t *testing.T) {
	t.Parallel()
	var table shelf
	for _, b := range []book{{"1", "ada"}, {"2", "bob"}, {"3", "ada"}, {"4", "ada"}} {
		table.Add(&b)
	}
	table.Remove("3")
	table.Remove("unknown")
	if diff := cmp.Diff([]string{"1", "2", "4"}, ids(slices.Collect(table.Oldest()))); diff != "" {
		t.Errorf("oldest first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"4", "2", "1"}, ids(slices.Collect(table.Newest()))); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1", "4"}, ids(table.Of("ada"))); diff != "" {
		t.Errorf("of one owner (-want +got):\n%s", diff)
	}
	if table.Get("3") != nil || table.Get("2").Author != "bob" || table.Len() != 3 {
		t.Errorf("3 is %v, 2 is %v, %d in all", table.Get("3"), table.Get("2"), table.Len())
	}
	table.RemoveOldestWhile(func(b *book) bool { return b.ID < "4" })
	if table.Len() != 1 || table.Get("1") != nil || len(table.Of("bob")) != 0 {
		t.Error("what was removed from the old end is still found")
	}
}

func TestATableSurvivesJSON(t *testing.T) {
	t.Parallel()
	var table, read shelf
	if encoded, err := json.Marshal(&table); err != nil || string(encoded) != "[]" {
		t.Errorf("an empty table is %s, %v", encoded, err)
	}
	table.Add(&book{"1", "ada"})
	table.Add(&book{"2", "bob"})
	encoded, err := json.Marshal(&table)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &read); err != nil {
		t.Fatal(err)
	}
	if read.Len() != 2 || read.Get("2").Author != "bob" || len(read.Of("ada")) != 1 {
		t.Errorf("read %s back as %v", encoded, ids(slices.Collect(read.Oldest())))
	}
}

func TestAnItemThatMovedIsFoundByItsNewOwner(t *testing.T) {
	t.Parallel()
	var table shelf
	for _, b := range []book{{"1", "ada"}, {"2", "bob"}, {"3", ""}} {
		table.Add(&b)
	}
	moved := table.Get("1")
	moved.Author = "bob"
	table.Moved(moved, "ada")
	table.Moved(table.Get("2"), "bob")
	if diff := cmp.Diff([]string{"2", "1"}, ids(table.Of("bob"))); diff != "" {
		t.Errorf("of the new owner (-want +got):\n%s", diff)
	}
	if len(table.Of("ada")) != 0 || len(table.Of("")) != 0 {
		t.Errorf("the old owner still has %v, nobody has %v", ids(table.Of("ada")), ids(table.Of("")))
	}
	table.Remove("1")
	if diff := cmp.Diff([]string{"2"}, ids(table.Of("bob"))); diff != "" {
		t.Errorf("after removal (-want +got):\n%s", diff)
	}
}
