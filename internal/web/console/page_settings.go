package console

import (
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/buildinfo"
)

var settingsPages = []page{{path: "/settings", name: "Settings", title: "Settings", file: "settings.html",
	read: readSettings}}

// settingsData is the content of the page.
type settingsData struct {
	Sections []settingSection
	Filtered bool
	Build    buildinfo.Info
	Events   map[string]string // how the events of each provider arrive

	Instances []shownInstance
	Keys      []shownKey
	Backfill  shownBackfill
}

// settingSection is a part of the configuration.
type settingSection struct {
	Name     string
	Settings []shownSetting
}

// shownSetting is one value of the configuration.
type shownSetting struct {
	Section, Name, Value, Source, From, Doc string
	Secret                                  bool
}

// Origin says in words where the value came from.
func (s shownSetting) Origin() string {
	switch s.Source {
	case "flag":
		return "flag " + s.From
	case "environment":
		return "environment " + s.From
	case "file":
		return "file " + s.From
	}
	return s.Source
}

// Fingerprint reports whether the value identifies a secret without being it.
func (s shownSetting) Fingerprint() bool { return s.Secret && strings.Contains(s.Value, "…") }

// Chosen reports whether somebody set the value.
func (s shownSetting) Chosen() bool { return s.Source != "default" }

// matches reports whether the setting has a text in one of its columns. A fingerprint is no text to look for.
func (s shownSetting) matches(text string) bool {
	columns := strings.ToLower(strings.Join([]string{s.Section, s.Name, s.Value, s.From, s.Doc}, "\n"))
	return strings.Contains(columns, strings.ToLower(text))
}

// shownInstance is what the database and a key belong to.
type shownInstance struct {
	Provider, Accepted, Key, Problem, Advice string
	AcceptedAt                               *time.Time `json:"accepted_at"`
}

// shownKey is an API key.
type shownKey struct {
	Name        string
	Scopes      []string
	Environment bool
	CreatedAt   *time.Time `json:"created_at"`
	UsedAt      *time.Time `json:"used_at"`
	RevokedAt   *time.Time `json:"revoked_at"`
}

// shownBackfill is the state of the backfill.
type shownBackfill struct {
	State, Phase string
	Done, Total  int64
	Holding      bool
	StartedAt    *time.Time `json:"started_at"`
	FinishedAt   *time.Time `json:"finished_at"`
	Report       lockstep.BackfillReport
}

func readSettings(v *visit) (any, error) {
	var settings struct{ Data []shownSetting }
	var health struct {
		Build  buildinfo.Info
		Events map[string]string
	}
	var instances struct{ Instances []shownInstance }
	var keys struct{ Data []shownKey }
	var data settingsData
	for path, out := range map[string]any{"/v1/settings": &settings, "/healthz": &health, "/v1/instance": &instances,
		"/v1/keys": &keys, "/v1/backfill": &data.Backfill} {
		if err := v.get(path, out); err != nil {
			return nil, err
		}
	}
	data.Build, data.Events, data.Instances, data.Keys = health.Build, health.Events, instances.Instances, keys.Data
	text, source := strings.TrimSpace(v.URL.Query().Get("q")), v.URL.Query().Get("source")
	data.Filtered = text+source != ""
	data.Sections = sectioned(settings.Data, text, source)
	return &data, nil
}

// sectioned returns the settings that have a text and a source, by section. The source "set" is every one but a
// default.
func sectioned(all []shownSetting, text, source string) (sections []settingSection) {
	at := map[string]int{}
	for _, s := range all {
		if !s.matches(text) || source == "set" && !s.Chosen() || source != "" && source != "set" && s.Source != source {
			continue
		}
		if _, known := at[s.Section]; !known {
			at[s.Section] = len(sections)
			sections = append(sections, settingSection{Name: s.Section})
		}
		section := &sections[at[s.Section]]
		section.Settings = append(section.Settings, s)
	}
	return sections
}
