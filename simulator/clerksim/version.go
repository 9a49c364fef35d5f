package clerksim

import (
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

const (
	versionHeader    = "Clerk-API-Version"
	versionParameter = "__clerk_api_version"

	// metadataMoved is the version that took the metadata out of the updates of
	// users and organizations.
	metadataMoved = "2026-05-12"
)

// versions are all that were published. The newest counts for a request that
// names none: the strictest, unlike Clerk, which takes the instance's own.
var versions = []string{"2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12"}

// version reads what the request asks for. Naming it twice is an invalid
// request even when both agree, and so is an unknown one.
func version(request *wire.Request, query url.Values) (string, *Error) {
	header, parameter := request.Header.Values(versionHeader), query[versionParameter]
	named := slices.Concat(header, parameter)
	switch {
	case len(named) == 0:
		return versions[len(versions)-1], nil
	case len(named) > 1:
		return "", badRequest("api_version_invalid", "Invalid API version",
			"Name the API version either in the header %s or in the parameter %s, not in both.", versionHeader, versionParameter)
	case !slices.Contains(versions, named[0]):
		return "", badRequest("api_version_invalid", "Invalid API version", "%s is not a version of the API.", named[0])
	}
	return named[0], nil
}
