package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

//go:generate go test -run TestConfigurationPage -update .

var update = flag.Bool("update", false, "write docs/configuration.md")

const configurationPage = "../../docs/configuration.md"

// TestConfigurationPage fails if docs/configuration.md does not match the settings. `go generate
// ./cmd/lockstep` updates it.
func TestConfigurationPage(t *testing.T) {
	t.Parallel()
	want := renderConfiguration(t)
	if *update {
		if err := os.WriteFile(configurationPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configurationPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/configuration.md is stale; run: go generate ./cmd/lockstep")
	}
}

// TestEveryVariableIsDocumented: every environment variable that the code names is on the page.
func TestEveryVariableIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(configurationPage)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`[":]((?:LOCKSTEP|STRIPE|CLERK|DATABASE|SIGNING)_[A-Z_]+)"`)
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range variable.FindAllSubmatch(text, -1) {
			found[string(match[1])] = true
		}
	}
	if len(found) < 15 {
		t.Errorf("the code names only %d variables: %v", len(found), found)
	}
	for name := range found {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is not in docs/configuration.md", name)
		}
	}
}

// setting is a row of the page.
type setting struct {
	key, env, flag, value, doc, more string
}

type sectionOf struct {
	title, about string
	settings     []setting
}

const configurationHead = `# Configuration

<!-- Generated from the settings in cmd/lockstep by: go generate ./cmd/lockstep -->

Flags override the environment, the environment overrides the file, and the file overrides the
defaults. The file is ` + "`lockstep.toml`" + ` in the working directory, or the one that ` + "`--config`" + `
names. Secrets come from the environment only. ` + "`lockstep doctor`" + ` checks the result, and
` + "`lockstep settings`" + ` shows what a running service uses and where each value came from.

A key with a dot belongs to a table of the file: ` + "`activation.app`" + ` is ` + "`app`" + ` under ` + "`[activation]`" + `.
Durations are strings such as ` + "`\"5s\"`, `\"10m\"` or `\"72h\"`" + `.

` + "```toml" + `
return_origins = ["https://app.example.com"]

[activation]
app = "Acme Notes"
continue_url = "https://app.example.com/welcome"

[[plan]]
name = "pro"
lookup_keys = ["pro_monthly", "pro_yearly"]
features = ["export"]
` + "```" + `
`

func renderConfiguration(t *testing.T) string {
	var page strings.Builder
	page.WriteString(configurationHead)
	for _, s := range configurationSections(t) {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n", s.title, wrap(marked(s.about)))
		writeTable(&page, s.settings)
	}
	return page.String()
}

// configurationSections collects the sections from the struct of the file, the flags and the secrets.
func configurationSections(t *testing.T) (sections []sectionOf) {
	flags := flagsOf(t)
	for i := range reflect.TypeFor[file]().NumField() {
		group := reflect.TypeFor[file]().Field(i)
		s := sectionOf{title: group.Tag.Get("section"), about: group.Tag.Get("about")}
		if s.title == "" || s.about == "" {
			t.Errorf("%s has no section or about tag", group.Name)
		}
		for _, secret := range secretSettings {
			if secret.section == s.title {
				s.settings = append(s.settings, setting{env: strings.Join(secret.names, ", "), value: secret.value,
					doc: secret.doc, more: secret.more})
			}
		}
		s.settings = append(s.settings, settingsOf(t, group.Type, "", flags)...)
		sections = append(sections, s)
	}
	sections[0].settings = append(sections[0].settings, flags.take(t, "config"), flags.take(t, "log-level"),
		flags.take(t, "log-format"))
	commands := sectionOf{title: "Commands for operators",
		about:    "Commands such as lockstep link talk to a running service. They also read LOCKSTEP_API_KEY.",
		settings: []setting{flags.take(t, "url")}}
	if len(flags) > 0 {
		t.Errorf("these flags are not documented: %v", flags)
	}
	return append(sections, commands)
}

// settingsOf lists the fields of a struct, and of the structs in it.
func settingsOf(t *testing.T, of reflect.Type, prefix string, flags flagSettings) (all []setting) {
	for i := range of.NumField() {
		field := of.Field(i)
		key := prefix + field.Tag.Get("toml")
		inner := field.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			all = append(all, settingsOf(t, inner, key+".", flags)...)
			continue
		}
		s := setting{key: key, value: field.Tag.Get("default"), doc: field.Tag.Get("doc"), more: field.Tag.Get("more")}
		if name := field.Tag.Get("flag"); name != "" {
			from := flags.take(t, name)
			s.env, s.flag = from.env, from.flag
		}
		if s.doc == "" || s.value == "" {
			t.Errorf("%s has no doc or default tag", key)
		}
		if len(s.doc) > 72 {
			t.Errorf("the doc of %s takes %d characters; move a part of it to more", key, len(s.doc))
		}
		all = append(all, s)
	}
	return all
}

// flagSettings are the flags that the environment sets too, by name.
type flagSettings map[string]setting

// flagsOf collects the flags of all commands, except those of commands for development.
func flagsOf(t *testing.T) flagSettings {
	all := flagSettings{}
	model := newParser(&program{}).Model
	flags := model.Flags
	for _, node := range model.Leaves(true) {
		if node.Name == "serve" || node.Name == "link" || node.Name == "setup" {
			flags = append(flags, node.Flags...)
		}
	}
	for _, f := range flags {
		if len(f.Envs) > 0 {
			_, value, _ := strings.Cut(f.Help, "(default: ")
			value = cmp.Or(strings.TrimSuffix(strings.TrimSuffix(value, "."), ")"), f.Default, "none")
			doc, _, _ := strings.Cut(strings.TrimSuffix(f.Help, "."), " (default")
			all[f.Name] = setting{env: strings.Join(f.Envs, ", "), flag: "--" + f.Name, doc: doc, value: value}
		}
	}
	return all
}

// take removes a flag, so that the flags that nothing documents remain.
func (f flagSettings) take(t *testing.T, name string) setting {
	s, known := f[name]
	if !known {
		t.Errorf("there is no flag --%s", name)
	}
	delete(f, name)
	return s
}

// writeTable writes a table without the columns that are empty in all rows, and a list of what does not fit.
func writeTable(to *strings.Builder, settings []setting) {
	columns := []struct {
		head string
		cell func(setting) string
	}{
		{"Key", func(s setting) string { return code(s.key) }},
		{"Environment", func(s setting) string { return code(s.env) }},
		{"Flag", func(s setting) string { return code(s.flag) }},
		{"Default", func(s setting) string { return marked(s.value) }},
		{"Meaning", func(s setting) string { return marked(s.doc) }},
	}
	var lines [3 + 100]string
	for _, c := range columns {
		if !slices.ContainsFunc(settings, func(s setting) bool { return c.cell(s) != "" }) {
			continue
		}
		lines[0] += "| " + c.head + " "
		lines[1] += "|---"
		for i, s := range settings {
			lines[2+i] += "| " + c.cell(s) + " "
		}
	}
	lines[1] += "|"
	for i, line := range lines[:2+len(settings)] {
		if i != 1 {
			line += "|"
		}
		to.WriteString(line + "\n")
	}
	first := true
	for _, s := range settings {
		if s.more == "" {
			continue
		}
		if first {
			to.WriteString("\n")
			first = false
		}
		name, _, _ := strings.Cut(cmp.Or(s.key, s.env), ",")
		to.WriteString(strings.ReplaceAll(wrap("- `"+name+"`: "+marked(s.more)), "\n", "\n  ") + "\n")
	}
}

// code formats names that are separated by commas.
func code(names string) string {
	if names == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(names, ", ", "`, `") + "`"
}

// names matches what is a name or a value in prose: quoted values, keys, variables and tables.
var names = regexp.MustCompile("`[^`]*`" + `|"[^"]*"|\b[A-Z]+(_[A-Z]+)+\b|\b[a-z]+(_[a-z]+)+\b|\[\[[a-z]+\]\]`)

// marked formats the names in a text as code. Struct tags cannot contain backquotes.
func marked(text string) string {
	return names.ReplaceAllStringFunc(text, func(name string) string {
		if strings.HasPrefix(name, "`") {
			return name
		}
		return "`" + name + "`"
	})
}

// wrap breaks a paragraph into lines of at most 98 characters.
func wrap(text string) string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > 98 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}

// TestExampleFile: the example for an installation has only settings that exist.
func TestExampleFile(t *testing.T) {
	t.Parallel()
	if f, err := readFile("../../deploy/lockstep.toml.example"); err != nil || len(f.Plans) == 0 {
		t.Errorf("%d plans, %v", len(f.Plans), err)
	}
}
