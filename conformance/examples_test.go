package conformance

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestExamplesTypeCheck compiles the examples with the real packages that they import. It finds calls to an API that
// is gone, or that never took these arguments.
func TestExamplesTypeCheck(t *testing.T) {
	wanted(t)
	t.Parallel()
	for name, project := range map[string]string{"nextjs": ".", "convex": "convex"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := exec.CommandContext(t.Context(), "node", "node_modules/typescript/bin/tsc", "--noEmit", "--project",
				project)
			check.Dir = filepath.Join("..", "examples", name)
			if output, err := check.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}
