package httpapi

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// CheckOrigin returns an error unless origin is the origin of pages that browsers may return to.
func CheckOrigin(origin string) error {
	u, err := parseReturn(origin)
	switch {
	case err != nil:
		return fmt.Errorf("return_origins: %w; for example https://app.example.com", err)
	case strings.Contains(origin, "*"):
		return fmt.Errorf("return_origins: %q contains a wildcard, which is not supported; list each origin", origin)
	case originOf(u) != origin:
		return fmt.Errorf("return_origins: %q is not an origin; use %q", origin, originOf(u))
	}
	return nil
}

// CheckReturn returns an error unless raw is a URL that browsers may be sent to. The error quotes the
// URL.
func CheckReturn(raw string) error {
	_, err := parseReturn(raw)
	return err
}

// checkReturn rejects a URL that would send a browser to a site that the operator did not list. field
// is the request's name of the URL, which may be empty.
func (a *API) checkReturn(ctx context.Context, field, raw string) error {
	if raw == "" {
		return nil
	}
	u, err := parseReturn(raw)
	if err != nil {
		return huma.Error422UnprocessableEntity(field + ": " + err.Error())
	}
	anywhere := callerOf(ctx).server && len(a.Callers.ReturnOrigins) == 0
	if !anywhere && !slices.Contains(a.Callers.ReturnOrigins, originOf(u)) {
		return huma.Error422UnprocessableEntity(field + ": " + originOf(u) + " is not one of the configured return_origins; add it there, or use a listed origin")
	}
	return nil
}

// MayReturn reports whether a URL is at one of the return origins, so that a browser may be sent there
// even if anyone could have written the URL.
func (a *API) MayReturn(raw string) bool {
	u, err := parseReturn(raw)
	return err == nil && slices.Contains(a.Callers.ReturnOrigins, originOf(u))
}

// parseReturn parses a URL that a browser will be sent to. It is strict, because browsers read a
// backslash as a slash and skip tabs and newlines.
func parseReturn(raw string) (*url.URL, error) {
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return nil, fmt.Errorf("%q contains a backslash, a space or a control character", raw)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a URL", raw)
	case u.User != nil:
		return nil, fmt.Errorf("%q contains a user name", u.Redacted())
	case u.Scheme == "https" && u.Hostname() != "":
		return u, nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%q is not an absolute https URL", raw)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// originOf returns the origin of a URL in the form that browsers send.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
