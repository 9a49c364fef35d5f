// Command image builds the container images of Lockstep without a daemon, a base image and a network: a
// static binary, the certificates of the public authorities, a user, and an empty /data. The same commit
// gives the same digest on every machine. `make image` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// release is what is built.
type release struct {
	source  string // the folder of Lockstep's module
	version string
	commit  string // may be empty
	date    string // of the commit, in RFC 3339; may be empty
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var r release
	flag.StringVar(&r.source, "source", "..", "the `folder` of Lockstep's module")
	flag.StringVar(&r.version, "version", "", "what lockstep version shows, and the images' tag")
	flag.StringVar(&r.commit, "commit", "", "the git commit")
	flag.StringVar(&r.date, "date", "", "the `time` of the commit, as in 2026-11-30T12:00:00Z")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "what to build for")
	out := flag.String("out", "dist", "the `folder` to write to")
	flag.Parse()
	if err := r.build(ctx, *out, strings.Split(*platforms, ",")); err != nil {
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}

// build writes an archive for each platform, which docker load and podman load take, and prints its digest.
func (r release) build(ctx context.Context, out string, platforms []string) error {
	if r.version == "" {
		return errors.New("-version: it is missing; `make image` sets it")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, platform := range platforms {
		osName, arch, _ := strings.Cut(platform, "/")
		if osName != "linux" || arch == "" {
			return fmt.Errorf("-platforms: %q is not a platform of Linux; for example linux/amd64", platform)
		}
		archive := filepath.Join(out, "lockstep-linux-"+arch+".tar")
		digest, err := r.write(ctx, archive, arch)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		fmt.Printf("%s  %s  %s\n", archive, r.tag(), digest)
	}
	return nil
}

// write builds one image and returns its digest.
func (r release) write(ctx context.Context, archive, arch string) (digest string, err error) {
	folder, err := os.MkdirTemp("", "lockstep-image")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	binary := filepath.Join(folder, "lockstep")
	if err := r.compile(ctx, binary, arch); err != nil {
		return "", err
	}
	image, err := r.image(binary, arch)
	if err != nil {
		return "", err
	}
	return r.archive(archive, image)
}

// compile builds a static binary that depends on nothing but the source, the version and the compiler.
func (r release) compile(ctx context.Context, binary, arch string) error {
	const build = "github.com/lockstep-dev/lockstep/internal/buildinfo"
	stamp := fmt.Sprintf("-s -w -X %[1]s.version=%[2]s -X %[1]s.commit=%[3]s -X %[1]s.date=%[4]s", build, r.version,
		r.commit, r.date)
	// What git knows of the folder is in the stamp. A copy without .git must give the same bytes.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", stamp, "-o", binary,
		"./cmd/lockstep")
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// created is the time in the image: the commit's.
func (r release) created() (time.Time, error) {
	if r.date == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, r.date)
	if err != nil {
		return at, fmt.Errorf("-date: %q is not a time; for example 2026-11-30T12:00:00Z", r.date)
	}
	return at.UTC(), nil
}
