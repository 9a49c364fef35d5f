package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"github.com/lockstep-dev/lockstep"
)

// secretSettings are the settings that only the environment sets, in the order of docs/configuration.md.
var secretSettings = []secret{apiKey, stripeKey, stripeWebhook, clerkKey, clerkWebhook, smtpUsername, smtpPassword,
	webhookSecret}

// sources is what the effective settings come from. It says for each where.
type sources struct {
	path   string         // of the file
	values map[string]any // in the file; nil without one
	flags  map[string]lockstep.Setting
	getenv func(string) string
}

// AfterApply remembers the flags and their sources, which only the parser knows.
//
//nolint:unparam // the parser wants an error
func (c *serveCommand) AfterApply(parsed *kong.Context) error {
	typed := map[string]bool{}
	for _, step := range parsed.Path {
		if step.Flag != nil {
			typed[step.Flag.Name] = true
		}
	}
	c.given = map[string]lockstep.Setting{}
	for _, flag := range parsed.Flags() {
		if len(flag.Envs) == 0 {
			continue
		}
		s := lockstep.Setting{Value: writtenSetting(reflect.ValueOf(parsed.FlagValue(flag)))}
		for _, name := range flag.Envs {
			if os.Getenv(name) != "" {
				s.Source, s.From = lockstep.FromEnvironment, name
			}
		}
		if typed[flag.Name] {
			s.Source, s.From = lockstep.FromFlag, "--"+flag.Name
		}
		if s.Source != "" {
			c.given[flag.Name] = s
		}
	}
	return nil
}

// effective lists every setting with its value and its source, in the order of docs/configuration.md.
func (c *serveCommand) effective(f file, getenv func(string) string) (all []lockstep.Setting, err error) {
	from := sources{path: cmp.Or(c.Config, defaultFile), flags: c.given, getenv: getenv}
	if _, err := toml.DecodeFile(from.path, &from.values); err != nil && !os.IsNotExist(err) {
		return nil, err // readFile has read it before
	}
	groups := reflect.ValueOf(f)
	for i := range groups.NumField() {
		section := groups.Type().Field(i).Tag.Get("section")
		listed := from.secrets(section, f)
		listed = append(listed, from.table(groups.Field(i), from.values, "")...)
		if i == 0 {
			listed = append(listed, from.flagOnly("config", defaultFile, "Configuration file"),
				from.flagOnly("log-level", "info", "What to log: debug, info, warn or error"),
				from.flagOnly("log-format", "text", "How to log: text or json"))
		}
		for n := range listed {
			listed[n].Section = section
		}
		all = append(all, listed...)
	}
	return all, nil
}

// secrets lists the secrets of a section by their fingerprints.
func (s sources) secrets(section string, f file) (all []lockstep.Setting) {
	for _, secret := range secretSettings {
		if secret.section != section {
			continue
		}
		all = append(all, s.secret(secret))
		for _, w := range f.Webhooks {
			if own := w.outgoing(); secret.names[0] == own.names[1] && s.getenv(own.names[0]) != "" {
				own.names, own.doc = own.names[:1], secret.doc
				all = append(all, s.secret(own))
			}
		}
	}
	return all
}

// secret returns the fingerprints of a secret that may have several values, separated by commas.
func (s sources) secret(of secret) lockstep.Setting {
	found := lockstep.Setting{Name: of.names[0], Source: lockstep.FromDefault, Doc: of.doc, Secret: true}
	for _, name := range of.names {
		value := strings.TrimSpace(s.getenv(name))
		if value == "" {
			continue
		}
		var prints []string
		for part := range strings.SplitSeq(value, ",") {
			prints = append(prints, lockstep.Fingerprint(lockstep.Secret(strings.TrimSpace(part))))
		}
		found.Value, found.Source, found.From = strings.Join(prints, ", "), lockstep.FromEnvironment, name
		return found
	}
	return found
}

// flagOnly returns a setting that the file does not have.
func (s sources) flagOnly(name, value, doc string) lockstep.Setting {
	found, given := s.flags[name]
	if !given {
		found = lockstep.Setting{Value: value, Source: lockstep.FromDefault}
	}
	found.Name, found.Doc = "--"+name, doc
	return found
}

// table lists the settings of a table of the file, and of the tables in it. Those of a list of tables have the name of
// the table in brackets: plan[pro].prices.
func (s sources) table(of reflect.Value, values map[string]any, prefix string) (all []lockstep.Setting) {
	for i := range of.NumField() {
		field := of.Type().Field(i)
		name := field.Tag.Get("toml")
		switch inner := field.Type; {
		case inner.Kind() == reflect.Struct:
			within, _ := values[name].(map[string]any)
			all = append(all, s.table(of.Field(i), within, prefix+name+".")...)
		case inner.Kind() == reflect.Slice && inner.Elem().Kind() == reflect.Struct:
			all = append(all, s.tables(of.Field(i), values[name], prefix+name)...)
		default:
			_, set := values[name]
			all = append(all, s.setting(field, of.Field(i), set, prefix+name))
		}
	}
	return all
}

func (s sources) tables(of reflect.Value, values any, name string) (all []lockstep.Setting) {
	each, _ := values.([]map[string]any)
	for n := range min(of.Len(), len(each)) {
		title := cmp.Or(fmt.Sprint(cmp.Or(each[n]["name"], each[n]["id"])), fmt.Sprint(n+1))
		all = append(all, s.table(of.Index(n), each[n], name+"["+title+"].")...)
	}
	if len(each) == 0 {
		return []lockstep.Setting{{Name: name, Value: "none", Source: lockstep.FromDefault, Doc: "Repeat [[" + name + "]] for each"}}
	}
	return all
}

// setting returns one setting. A flag and its variable override the file.
func (s sources) setting(field reflect.StructField, value reflect.Value, inFile bool, name string) lockstep.Setting {
	found := lockstep.Setting{Value: field.Tag.Get("default"), Source: lockstep.FromDefault}
	if inFile {
		found.Value, found.Source, found.From = writtenSetting(value), lockstep.FromFile, s.path
	}
	if given, is := s.flags[field.Tag.Get("flag")]; is {
		found = given
	}
	if field.Tag.Get("mask") == "path" && inFile {
		found.Value = lockstep.MaskPath(value.String())
	}
	found.Name, found.Doc = name, field.Tag.Get("doc")
	return found
}

// writtenSetting returns a value as the file would have it, without the quotation marks of a text and without the
// credentials of a URL.
func writtenSetting(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Invalid:
		return ""
	case reflect.Pointer:
		return writtenSetting(reflect.Indirect(v))
	case reflect.Slice:
		var each []string
		for i := range v.Len() {
			each = append(each, writtenSetting(v.Index(i)))
		}
		return "[" + strings.Join(each, ", ") + "]"
	case reflect.Map:
		limits, _ := v.Interface().(map[string]int64)
		var each []string
		for _, name := range slices.Sorted(maps.Keys(limits)) {
			each = append(each, fmt.Sprintf("%s = %d", name, limits[name]))
		}
		return "{ " + strings.Join(each, ", ") + " }"
	}
	switch d := v.Interface().(type) {
	case duration:
		if d < 0 {
			return "none"
		}
		return time.Duration(d).String()
	}
	return lockstep.MaskURL(fmt.Sprint(v.Interface()))
}
