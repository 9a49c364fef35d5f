package clerkdirectory

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// delivery is the content of a webhook's headers.
type delivery struct {
	id         string
	signed     string // the timestamp as sent
	signatures []string
}

func parseDelivery(header http.Header) (delivery, error) {
	family := family(header)
	d := delivery{id: deliveryID(header)}
	d.signed = header.Get(family + "timestamp")
	if d.id == "" || !upstream.IsTime(d.signed) || len(header.Values(family+"timestamp")) != 1 {
		return d, ErrBadHeader
	}
	lines := header.Values(family + "signature")
	if len(lines) > 1 {
		return d, ErrBadHeader
	}
	parts := 0
	for _, line := range lines {
		for part := range strings.SplitSeq(line, " ") {
			if parts++; parts > 2*upstream.MostSignatures {
				return d, ErrBadHeader
			}
			if version, value, _ := strings.Cut(part, ","); version == "v1" {
				d.signatures = append(d.signatures, value)
			}
		}
	}
	switch {
	case len(d.signatures) == 0:
		return d, ErrNoSignature
	case len(d.signatures) > upstream.MostSignatures:
		return d, ErrBadHeader
	}
	return d, nil
}

// family returns the prefix of the headers to use. Verify and Read must use the same
// headers, or we could store another id than the signed one.
func family(header http.Header) string {
	if len(header.Values("svix-id")) > 0 {
		return "svix-"
	}
	return "webhook-"
}

// deliveryID returns the id, which is the same on every retry and replay; "" if it is
// missing or malformed. It must not contain a dot, because dots separate the id, the
// time and the body in the signed text.
func deliveryID(header http.Header) string {
	ids := header.Values(family(header) + "id")
	if len(ids) != 1 || len(ids[0]) > upstream.LongestID || strings.Contains(ids[0], ".") ||
		strings.ContainsFunc(ids[0], upstream.Invisible) {
		return ""
	}
	return ids[0]
}
