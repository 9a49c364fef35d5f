// Package buildinfo says which build of Lockstep runs: its version, its commit, the commit's time and
// the Go version.
//
// The Makefile sets the first three with -ldflags -X. A program that was built without it, such as one
// from go install, has what Go recorded. In another program that embeds Lockstep as a library, Go records
// that program's own version and commit; Lockstep's version is then that of its module.
package buildinfo

import (
	"runtime"
	"runtime/debug"
)

// module is Lockstep's module. A module of another major version has a suffix, which this must follow.
const module = "github.com/lockstep-dev/lockstep"

// unknown is the version of a build of a working copy.
const unknown = "devel"

// The linker sets these: see VERSION in the Makefile.
var version, commit, date string

// Info describes a build. Commit and Date are empty if they are not known.
type Info struct {
	Version string `json:"version" example:"v1.2.3" doc:"The version of Lockstep, or devel"`
	Commit  string `json:"commit,omitempty" doc:"The git commit, with +dirty if files differed from it"`
	Date    string `json:"date,omitempty" example:"2026-11-30T12:00:00Z" doc:"The time of the commit, so that the same commit builds the same program"`
	Go      string `json:"go" example:"go1.26.0" doc:"The version of Go that built it"`
}

// Read returns the build of Lockstep that is running.
func Read() Info {
	recorded, _ := debug.ReadBuildInfo() // nil if the program was built without modules
	return describe(Info{Version: version, Commit: commit, Date: date}, recorded)
}

// describe completes what the linker set with what Go recorded.
func describe(set Info, recorded *debug.BuildInfo) Info {
	set.Go = runtime.Version()
	if set.Version == "" {
		set = recordedBuild(set, recorded)
	}
	if set.Version == "" || set.Version == "(devel)" {
		set.Version = unknown
	}
	return set
}

// recordedBuild adds Lockstep's version to info, and its commit if the program is Lockstep's own.
func recordedBuild(info Info, recorded *debug.BuildInfo) Info {
	if recorded == nil {
		return info
	}
	if recorded.Main.Path == module {
		info.Version = recorded.Main.Version
		info.Commit, info.Date = recordedCommit(recorded.Settings)
		return info
	}
	for _, dependency := range recorded.Deps {
		if dependency.Path == module {
			info.Version = used(dependency).Version
		}
	}
	return info
}

// used returns the module that replaces another. One that is replaced by a folder has no version.
func used(m *debug.Module) *debug.Module {
	for m.Replace != nil {
		m = m.Replace
	}
	return m
}

func recordedCommit(settings []debug.BuildSetting) (revision, at string) {
	dirty := ""
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.time":
			at = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+dirty"
			}
		}
	}
	if revision == "" {
		return "", at
	}
	return revision + dirty, at
}
