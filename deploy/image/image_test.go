package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// TestImage builds the image for this machine, twice, looks into it, and runs it.
func TestImage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the image is for Linux")
	}
	r := release{source: "../..", version: "v1.2.3+test", commit: "5ee1087448f2a1a8aa57d0bce7a38610f53a7e1f",
		date: "2026-11-30T12:00:00Z"}
	archive := filepath.Join(t.TempDir(), "first.tar")
	digest, err := r.write(t.Context(), archive, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	image := load(t, archive, r.tag())
	if got, err := image.Digest(); err != nil || got.String() != digest {
		t.Errorf("the archive has %s %v, but the digest is %s", got, err, digest)
	}
	t.Run("is the same from a copy of the source", func(t *testing.T) { reproduced(t, r, archive, digest) })
	t.Run("has the configuration", func(t *testing.T) { configured(t, image) })
	root := filepath.Join(t.TempDir(), "root")
	unpack(t, image, root)
	t.Run("has its files", func(t *testing.T) { complete(t, root) })
	t.Run("runs", func(t *testing.T) { runs(t, image, root, r) })
}

func load(t *testing.T, archive, tag string) v1.Image {
	t.Helper()
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(archive) })
	if err != nil || len(manifest) != 1 || !reflect.DeepEqual(manifest[0].RepoTags, []string{tag}) {
		t.Fatalf("manifest: %+v %v", manifest, err)
	}
	image, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// reproduced builds from a copy in another folder, without .git.
func reproduced(t *testing.T, r release, first, digest string) {
	source := t.TempDir()
	list, err := exec.CommandContext(t.Context(), "git", "-C", r.source, "ls-files", "-co", "--exclude-standard", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(r.source, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, but not committed yet
		}
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(source, name)), 0o755),
				os.WriteFile(filepath.Join(source, name), content, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.source = source
	second := filepath.Join(t.TempDir(), "second.tar")
	again, err := r.write(t.Context(), second, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if again != digest {
		t.Errorf("the second build has %s, the first %s", again, digest)
	}
	a, errA := os.ReadFile(first)
	b, errB := os.ReadFile(second)
	if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the archives differ: %v", err)
	}
}

func configured(t *testing.T, image v1.Image) {
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{User: "65532:65532", Entrypoint: []string{"/usr/bin/lockstep"}, Cmd: []string{"serve"},
		WorkingDir: "/etc/lockstep", StopSignal: "SIGTERM",
		Env: []string{"PATH=/usr/bin", "LOCKSTEP_ADDR=:8080", "DATABASE_URL=sqlite:/data/lockstep.db",
			"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}}, Volumes: map[string]struct{}{"/data": {}},
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "/usr/bin/lockstep", "health"},
			Interval: 10 * time.Second, Timeout: 5 * time.Second, StartPeriod: 30 * time.Second, Retries: 3},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Lockstep",
			"org.opencontainers.image.description": "Keeps Clerk users and Stripe payments in sync",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.source":      "https://github.com/lockstep-dev/lockstep",
			"org.opencontainers.image.version":     "v1.2.3+test",
			"org.opencontainers.image.revision":    "5ee1087448f2a1a8aa57d0bce7a38610f53a7e1f",
			"org.opencontainers.image.created":     "2026-11-30T12:00:00Z",
		}}
	if !reflect.DeepEqual(file.Config, want) {
		got, _ := json.MarshalIndent(file.Config, "", "  ")
		t.Errorf("configuration: %s", got)
	}
	if file.OS != "linux" || file.Architecture != runtime.GOARCH || file.Created.Format(time.DateOnly) != "2026-11-30" {
		t.Errorf("%s/%s of %s", file.OS, file.Architecture, file.Created)
	}
}

// unpack writes the files of the image below root, and checks that none has rights that it does not need.
func unpack(t *testing.T, image v1.Image, root string) {
	t.Helper()
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	stream := mutate.Extract(image)
	defer stream.Close()
	for files := tar.NewReader(stream); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		mode, path := header.FileInfo().Mode(), filepath.Join(root, header.Name)
		if mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeDevice|fs.ModeSymlink) != 0 || !mode.IsDir() && !mode.IsRegular() {
			t.Fatalf("%s has the mode %s", header.Name, mode)
		}
		if open := mode&0o022 != 0; open != (header.Name == "tmp") || (header.Uid != 0) != (header.Name == "data") {
			t.Errorf("%s belongs to %d and has the mode %s", header.Name, header.Uid, mode)
		}
		if mode.IsDir() {
			err = os.MkdirAll(path, 0o755)
		} else {
			var content []byte
			if content, err = io.ReadAll(files); err == nil { // the upper layer comes first
				err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o600))
			}
		}
		if err == nil {
			err = os.Chmod(path, mode) // whatever the umask
		}
		if err == nil && os.Geteuid() == 0 {
			err = os.Chown(path, header.Uid, header.Gid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func complete(t *testing.T, root string) {
	binary, err := elf.Open(filepath.Join(root, program))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = binary.Close() }() // it was only read
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is not static")
		}
	}
	list, err := os.ReadFile(filepath.Join(root, certificates))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(list) || bytes.Count(list, []byte("BEGIN CERT")) < 100 {
		t.Errorf("certificates: %d bytes, %v", len(list), err)
	}
	for name, want := range map[string]string{"etc/passwd": "lockstep:x:65532:65532:",
		"usr/share/doc/lockstep/LICENSE": "Apache License"} {
		if text, err := os.ReadFile(filepath.Join(root, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v %s", name, err, text)
		}
	}
}
