package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestFailureSaysWhatHappenedAndNothingOfTheSDKs(t *testing.T) {
	network := &url.Error{Op: "Get", URL: "http://acme.internal/ada@example.com", Err: context.DeadlineExceeded}
	refused := &url.Error{Op: "Get", URL: network.URL, Err: &lockstep.UpstreamError{Provider: "acme", Status: 404,
		Code: "gone"}}
	for _, c := range []struct {
		err, is error
		want    string
	}{
		{refused, lockstep.ErrNotFound, "acme: read user: status 404 gone"},
		{fmt.Errorf("the SDK wraps: %w", refused), lockstep.ErrNotFound, "acme: read user: status 404 gone"},
		{network, context.DeadlineExceeded, "acme: read user: context deadline exceeded"},
		{errors.New("ada@example.com"), nil, "acme: read user: the SDK could not make the request or read the answer"},
	} {
		got := Failure("acme", "read user", c.err)
		if got.Error() != c.want || c.is != nil && !errors.Is(got, c.is) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
