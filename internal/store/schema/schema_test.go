package schema

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	steps, err := Migrations(fstest.MapFS{"00002_b.sql": file("select 2"), "00001_a.sql": file("-- +goose Up\nselect 1"),
		"README.md": file("")})
	if err != nil || len(steps) != 2 || steps[0].Version != 1 || steps[1].Version != 2 {
		t.Errorf("migrations %v, %v", steps, err)
	}
	for name, text := range map[string]string{"a.sql": "select 1", "00001_a.sql": "select 1;\n-- +goose Down\ndrop table a",
		"00002_a.sql": "-- +goose NO TRANSACTION\nvacuum"} {
		if _, err := Migrations(fstest.MapFS{name: file(text)}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error that names the file", name, err)
		}
	}
}
