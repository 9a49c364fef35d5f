package clerkdirectory

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Instance returns the id (ins_…) of the instance that the key belongs to.
func (c *Client) Instance(ctx context.Context) (string, error) {
	const op = "read instance"
	answer, err := c.call(ctx, op, http.MethodGet, "/instance", nil)
	if err != nil {
		return "", err
	}
	id := answer.Object.Text("id")
	if !strings.HasPrefix(id, "ins_") || !upstream.Storable(id) {
		return "", failed(op, errors.New("the answer has no instance id"))
	}
	return id, nil
}
