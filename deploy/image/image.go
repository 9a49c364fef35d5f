package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// user is not root, and has no rights on the host if it escapes. Kubernetes requires the number to enforce
// runAsNonRoot.
const user = "65532"

const program = "/usr/bin/lockstep"

// tag is the name under which docker load stores the image. A tag has no +.
func (r release) tag() string { return "lockstep:" + strings.ReplaceAll(r.version, "+", "-") }

// image puts the binary on top of the files that every version shares.
func (r release) image(binary, arch string) (v1.Image, error) {
	at, err := r.created()
	if err != nil {
		return nil, err
	}
	license, err := os.ReadFile(filepath.Join(r.source, "LICENSE"))
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	base, err := layer(rootFiles(license), time.Unix(0, 0))
	if err != nil {
		return nil, err
	}
	top, err := layer([]file{{name: program, mode: 0o755, content: content}}, at)
	if err != nil {
		return nil, err
	}
	image, err := mutate.Append(empty.Image,
		mutate.Addendum{Layer: base, History: v1.History{Created: v1.Time{Time: time.Unix(0, 0).UTC()},
			CreatedBy: "certificates, user, /data"}},
		mutate.Addendum{Layer: top, History: v1.History{Created: v1.Time{Time: at}, CreatedBy: "lockstep " + r.version}})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", arch, v1.Time{Time: at}
	config.Config = r.config(at)
	return mutate.ConfigFile(image, config)
}

// config says how to run the image.
func (r release) config(at time.Time) v1.Config {
	return v1.Config{
		User:       user + ":" + user,
		Entrypoint: []string{program},
		Cmd:        []string{"serve"},
		WorkingDir: "/etc/lockstep", // serve reads lockstep.toml there, if one is mounted
		Env: []string{"PATH=/usr/bin", "LOCKSTEP_ADDR=:8080", "DATABASE_URL=sqlite:/data/lockstep.db",
			"SSL_CERT_FILE=" + certificates},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		StopSignal:   "SIGTERM",
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", program, "health"}, Interval: 10 * time.Second,
			Timeout: 5 * time.Second, StartPeriod: 30 * time.Second, Retries: 3},
		Labels: r.labels(at),
	}
}

func (r release) labels(at time.Time) map[string]string {
	labels := map[string]string{"title": "Lockstep",
		"description": "Keeps Clerk users and Stripe payments in sync",
		"licenses":    "Apache-2.0",
		"source":      "https://github.com/lockstep-dev/lockstep",
		"version":     r.version,
		"created":     at.Format(time.RFC3339),
	}
	if r.commit != "" {
		labels["revision"] = r.commit
	}
	found := map[string]string{}
	for key, value := range labels {
		found["org.opencontainers.image."+key] = value
	}
	return found
}

// archive writes the image as docker save does. It has one tag, because the writer does not order several.
func (r release) archive(path string, image v1.Image) (digest string, err error) {
	tag, err := name.NewTag(r.tag(), name.WithDefaultRegistry(""))
	if err != nil {
		return "", err
	}
	if err := tarball.WriteToFile(path, tag, image); err != nil {
		return "", err
	}
	hash, err := image.Digest()
	return hash.String(), err
}
