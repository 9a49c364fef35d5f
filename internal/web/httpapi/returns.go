package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// CheckOrigin reports what is wrong with a return origin.
func CheckOrigin(origin string) error {
	u, err := parseReturn(origin)
	switch {
	case err != nil:
		return fmt.Errorf("return origin %q: %w", origin, err)
	case strings.Contains(origin, "*"):
		return fmt.Errorf("return origin %q: there are no wildcards; list each origin", origin)
	case originOf(u) != origin:
		return fmt.Errorf("return origin %q is not of the form https://app.example, in lower case and without a path; did you mean %q?", origin, originOf(u))
	}
	return nil
}

// CheckReturn reports what is wrong with a URL that browsers will be sent to.
func CheckReturn(raw string) error {
	_, err := parseReturn(raw)
	return err
}

// checkReturn refuses a URL that would send a browser to a site that the operator did not
// name. field is what the request calls the URL; an empty URL passes.
func (a *API) checkReturn(ctx context.Context, field, raw string) error {
	if raw == "" {
		return nil
	}
	u, err := parseReturn(raw)
	if err != nil {
		return huma.Error422UnprocessableEntity(field + ": " + err.Error())
	}
	anywhere := callerOf(ctx).server && len(a.ReturnOrigins) == 0
	if !anywhere && !slices.Contains(a.ReturnOrigins, originOf(u)) {
		return huma.Error422UnprocessableEntity(field + ": " + originOf(u) + " is not one of the configured return_origins")
	}
	return nil
}

// MayReturn reports whether a browser may be sent to a URL that anybody named: it is
// at one of the return origins.
func (a *API) MayReturn(raw string) bool {
	u, err := parseReturn(raw)
	return err == nil && slices.Contains(a.ReturnOrigins, originOf(u))
}

// parseReturn parses a URL that a browser will be sent to, strictly: browsers read a
// backslash as a slash, and skip tabs and newlines.
func parseReturn(raw string) (*url.URL, error) {
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return nil, errors.New("it holds a backslash, a space or a control character")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("it cannot be parsed")
	case u.User != nil:
		return nil, errors.New("it holds a user name")
	case u.Scheme == "https" && u.Hostname() != "":
		return u, nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("it is not an absolute https URL")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// originOf is the origin of a URL as browsers write it.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
