package deploy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// TestComposeNeedsItsSecrets: with the example as it is, compose starts nothing.
func TestComposeNeedsItsSecrets(t *testing.T) {
	t.Parallel()
	example := read(t, "lockstep.env.example")
	for _, name := range onlyForCompose {
		filled := filledIn(example, name)
		if _, err := compose(t, filled); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if strings.Contains(read(t, "compose.yaml"), ":-") {
		t.Error("compose.yaml has a default for a variable")
	}
}

// TestCompose reads compose.yaml as docker compose does.
func TestCompose(t *testing.T) {
	t.Parallel()
	project, err := compose(t, filledIn(read(t, "lockstep.env.example"), ""))
	if err != nil {
		t.Fatal(err)
	}
	if names := project.ServiceNames(); !slices.Equal(names, []string{"lockstep", "postgres"}) {
		t.Errorf("services: %v", names)
	}
	for _, s := range project.Services {
		confined(t, project, s)
	}
	service := project.Services["lockstep"]
	for name := range service.Environment {
		if !slices.Contains(onlyForCompose, name) {
			documented(t, "compose.yaml", name)
		}
	}
	if url := service.Environment["DATABASE_URL"]; url == nil ||
		*url != "postgres://lockstep:filled@postgres:5432/lockstep?sslmode=disable" {
		t.Errorf("DATABASE_URL: %v", url)
	}
	if service.Image != "lockstep:filled" || !slices.Equal(service.HealthCheck.Test, []string{"CMD", "/usr/bin/lockstep", "health"}) ||
		len(service.Ports) != 1 || service.DependsOn["postgres"].Condition != types.ServiceConditionHealthy {
		t.Errorf("%s %v %v %v", service.Image, service.HealthCheck.Test, service.Ports, service.DependsOn)
	}
	if _, secret := project.Services["postgres"].Environment["STRIPE_SECRET_KEY"]; secret {
		t.Error("PostgreSQL gets Lockstep's secrets")
	}
}

// confined checks that a service has no right that it does not need.
func confined(t *testing.T, project *types.Project, s types.ServiceConfig) {
	t.Helper()
	if !s.ReadOnly || s.Privileged || s.User == "" || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 ||
		!slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.HealthCheck == nil || s.StopGracePeriod == nil {
		t.Errorf("%s is not confined", s.Name)
	}
	for _, port := range s.Ports {
		if port.HostIP != "127.0.0.1" {
			t.Errorf("%s: port %s is open to %q", s.Name, port.Published, port.HostIP)
		}
	}
	for _, v := range s.Volumes {
		if _, named := project.Volumes[v.Source]; !named || v.Type != types.VolumeTypeVolume {
			t.Errorf("%s: %s is not a named volume", s.Name, v.Source)
		}
	}
}

// compose loads compose.yaml beside a lockstep.env, as with --env-file lockstep.env.
func compose(t *testing.T, env string) (*types.Project, error) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"compose.yaml": read(t, "compose.yaml"), "lockstep.env": env,
		"lockstep.toml": read(t, "lockstep.toml.example")} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")},
		cli.WithWorkingDirectory(folder), cli.WithEnvFiles(filepath.Join(folder, "lockstep.env")), cli.WithDotEnv)
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

// filledIn gives every variable of the example a value, except one.
func filledIn(example, except string) string {
	return assignment.ReplaceAllStringFunc(example, func(line string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "#"), "=")
		if name == except {
			return line
		}
		return name + "=filled"
	})
}
