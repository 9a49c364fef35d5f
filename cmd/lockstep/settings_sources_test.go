package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// effectiveOf returns the settings of a file and an environment, by name.
func effectiveOf(t *testing.T, text string, environment map[string]string,
	flags map[string]lockstep.Setting) map[string]lockstep.Setting {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lockstep.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string { return environment[name] }
	all, err := (&serveCommand{Config: path, given: flags}).effective(f, getenv)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]lockstep.Setting{}
	for _, s := range all {
		if _, twice := named[s.Name]; twice || s.Name == "" || s.Doc == "" || s.Section == "" || s.Source == "" {
			t.Errorf("%+v", s)
		}
		named[s.Name] = s
	}
	return named
}

var inBrackets = regexp.MustCompile(`\[.*?\]`)

// TestEverySettingIsListed: what docs/configuration.md describes, GET /v1/settings lists.
func TestEverySettingIsListed(t *testing.T) {
	t.Parallel()
	named := effectiveOf(t, "[[plan]]\nname = \"pro\"\n[[webhook]]\nid = \"app\"\n", nil, nil)
	listed := map[string]bool{}
	for name := range named {
		listed[inBrackets.ReplaceAllString(name, "")] = true
	}
	count := 0
	for _, section := range configurationSections(t) {
		if section.title == "Commands for operators" {
			continue
		}
		for _, s := range section.settings {
			count++
			name := s.key
			if name == "" && s.flag != "" {
				name = s.flag
			}
			if name == "" {
				name, _, _ = strings.Cut(s.env, ",")
			}
			if !listed[name] {
				t.Errorf("%s is not listed", name)
			}
		}
	}
	if count < 80 {
		t.Errorf("only %d settings", count)
	}
}

func TestSettingsSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	named := effectiveOf(t, `addr = ":1"
database = "sqlite:other.db"
poll = "0s"
[sweeps]
events = "10m"
[mail]
host = "smtp.test"
[[plan]]
name = "pro"
limits = { notes = 3, a = 1 }
[metadata_keys]
plan = ""
`, map[string]string{"STRIPE_API_KEY": "sk_test_51Habcdefghijklmnop"}, map[string]lockstep.Setting{
		"addr": {Value: ":2", Source: lockstep.FromFlag, From: "--addr"}})
	for name, want := range map[string]string{
		"addr":                   ":2 flag --addr",
		"database":               "sqlite:other.db file lockstep.toml",
		"poll":                   "0s file lockstep.toml",
		"public_url":             "none default ",
		"sweeps.events":          "10m0s file lockstep.toml",
		"sweeps.accounts":        "24h default ",
		"plan[pro].limits":       "{ a = 1, notes = 3 } file lockstep.toml",
		"metadata_keys.plan":     " file lockstep.toml",
		"webhook":                "none default ",
		"STRIPE_WEBHOOK_SECRET":  " default ",
		"LOCKSTEP_SMTP_PASSWORD": " default ",
		"metadata_keys.billing":  "billing default ",
		"--log-level":            "info default ",
	} {
		s := named[name]
		if s.From != "" && filepath.IsAbs(s.From) {
			s.From = filepath.Base(s.From)
		}
		if got := s.Value + " " + string(s.Source) + " " + s.From; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if s := named["STRIPE_SECRET_KEY"]; !strings.HasPrefix(s.Value, "sk_test_…") || s.From != "STRIPE_API_KEY" || !s.Secret {
		t.Errorf("%+v", s)
	}
}

// TestSettingsTellNoSecret fills every secret, and every place of the file that may hold one.
func TestSettingsTellNoSecret(t *testing.T) {
	t.Parallel()
	const planted = "hunter2-hunter2-hunter2-hunter2"
	environment := map[string]string{"LOCKSTEP_WEBHOOK_SECRET_MY_APP": "whsec_" + planted}
	for _, s := range secretSettings {
		environment[s.names[0]] = "sk_test_" + planted + "," + planted
	}
	environment["LOCKSTEP_SMTP_PASSWORD"] = "hunter2"
	named := effectiveOf(t, `database = "postgres://app:`+planted+`@db.test/app?password=`+planted+`"
public_url = "https://app:`+planted+`@billing.test"
stripe_api_base = "http://x:`+planted+`@proxy.test"
return_origins = ["https://app:`+planted+`@app.test"]
[activation]
continue_url = "https://app.test/?token=`+planted+`"
[[webhook]]
id = "my-app"
url = "https://hooks.test/services/`+planted+`?t=`+planted+`"
`, environment, nil)
	secrets := 0
	for name, s := range named {
		if strings.Contains(s.Value, "hunter") || strings.Contains(s.From, "hunter") {
			t.Errorf("%s: %s", name, s.Value)
		}
		if s.Secret {
			secrets++
			if s.Value == "" {
				t.Errorf("%s: no fingerprint", name)
			}
		}
	}
	if secrets != len(secretSettings)+1 {
		t.Errorf("%d secrets", secrets)
	}
	for name, want := range map[string]string{"database": "postgres://app:…@db.test/app?password=…",
		"webhook[my-app].url": "https://hooks.test/…", "LOCKSTEP_SMTP_PASSWORD": "set",
		"return_origins": "[https://app:…@app.test]"} {
		if named[name].Value != want {
			t.Errorf("%s: %s, want %s", name, named[name].Value, want)
		}
	}
	if prints := strings.Split(named["STRIPE_WEBHOOK_SECRET"].Value, ", "); len(prints) != 2 || prints[0] == prints[1] {
		t.Errorf("two secrets have the fingerprints %v", prints)
	}
}
