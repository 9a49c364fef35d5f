package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAWrongTypeIsNamedInPlainWords: neither Go's types nor the library's words appear.
func TestAWrongTypeIsNamedInPlainWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`addr = 8080`:                              `addr: 8080 is not a text in quotation marks`,
		`adopt_by_email = "yes"`:                   `adopt_by_email: "yes" is not true or false`,
		"[workers]\nslots = \"many\"":              `workers.slots: "many" is not a whole number, for example 32`,
		"[workers]\nslots = 1.5":                   `workers.slots: 1.5 is not a whole number`,
		"[workers]\nlease = 60":                    `workers.lease: 60 is not a duration in quotation marks, for example "5s"`,
		"[backfill]\nrate = \"half\"":              `backfill.rate: "half" is not a number`,
		`return_origins = "https://app.test"`:      `return_origins: "https://app.test" is not a list`,
		`return_origins = [1]`:                     `return_origins: 1 is not a text in quotation marks`,
		"[plan]\nname = \"pro\"":                   `plan: it is not a list of tables; begin each with [[plan]]`,
		"[[plan]]\nname = \"pro\"\nrank = \"1st\"": `plan.rank: "1st" is not a whole number`,
		`mail = "smtp.test"`:                       `mail: "smtp.test" is not a table, as in [mail]`,
		"[metadata_keys]\nplan = 1":                `metadata_keys.plan: 1 is not a text in quotation marks`,
	} {
		path := filepath.Join(t.TempDir(), "lockstep.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readFile(path)
		if err == nil || !strings.Contains(err.Error(), "lockstep.toml: "+want) || strings.Contains(err.Error(), "incompatible") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
