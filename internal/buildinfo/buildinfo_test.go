package buildinfo

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestDescribe: the linker's values win, then those of Go, and an embedding program's own version and
// commit are never taken for Lockstep's.
func TestDescribe(t *testing.T) {
	t.Parallel()
	const at = "2026-11-30T12:00:00Z"
	stamps := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "-trimpath", Value: "true"}, {Key: "vcs.revision", Value: "5ee1087"},
			{Key: "vcs.time", Value: at}, {Key: "vcs.modified", Value: modified}}
	}
	own := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Path: module, Version: version}, Settings: settings}
	}
	embedding := func(m debug.Module) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Path: "example.com/shop", Version: "v9.9.9"},
			Deps:     []*debug.Module{{Path: "example.com/other", Version: "v8.8.8"}, &m},
			Settings: stamps("true")}
	}
	for name, c := range map[string]struct {
		set      Info
		recorded *debug.BuildInfo
		want     Info
	}{
		"make build": {Info{Version: "v1.2.3", Commit: "abc", Date: at}, own("v0.0.0-2026", stamps("true")...),
			Info{Version: "v1.2.3", Commit: "abc", Date: at}},
		"make build without git": {Info{Version: "v1.2.3"}, own("(devel)"), Info{Version: "v1.2.3"}},
		"go install":             {Info{}, own("v1.2.3"), Info{Version: "v1.2.3"}},
		"go build": {Info{}, own("v1.2.4-0.20261130120000-5ee1087", stamps("false")...),
			Info{Version: "v1.2.4-0.20261130120000-5ee1087", Commit: "5ee1087", Date: at}},
		"go build of changed files": {Info{}, own("(devel)", stamps("true")...),
			Info{Version: "devel", Commit: "5ee1087+dirty", Date: at}},
		"go run":             {Info{}, own("(devel)"), Info{Version: "devel"}},
		"a test":             {Info{}, own(""), Info{Version: "devel"}},
		"no modules":         {Info{}, nil, Info{Version: "devel"}},
		"embedded":           {Info{}, embedding(debug.Module{Path: module, Version: "v1.2.3"}), Info{Version: "v1.2.3"}},
		"embedded elsewhere": {Info{}, embedding(debug.Module{Path: "example.com/third"}), Info{Version: "devel"}},
		"embedded from a fork": {Info{}, embedding(debug.Module{Path: module, Version: "v1.2.3",
			Replace: &debug.Module{Path: "example.com/fork", Version: "v1.2.4-fork"}}), Info{Version: "v1.2.4-fork"}},
		"embedded from a folder": {Info{}, embedding(debug.Module{Path: module, Version: "v1.2.3",
			Replace: &debug.Module{Path: "../lockstep"}}), Info{Version: "devel"}},
	} {
		c.want.Go = runtime.Version()
		if got := describe(c.set, c.recorded); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestModule: the constant is the path of this module. A wrong one would report the version of an
// embedding program.
func TestModule(t *testing.T) {
	t.Parallel()
	recorded, ok := debug.ReadBuildInfo()
	if !ok || recorded.Main.Path != module {
		t.Errorf("this is module %q, not %q", recorded.Main.Path, module)
	}
	if got := Read(); got.Version == "" || got.Go != runtime.Version() {
		t.Errorf("a test reads %+v", got)
	}
}
