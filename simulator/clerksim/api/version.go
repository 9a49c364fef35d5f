package api

import (
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

const (
	versionHeader    = "Clerk-API-Version"
	versionParameter = "__clerk_api_version"
)

// MetadataMoved is the API version that removed the metadata parameters from
// the updates of users and organizations.
const MetadataMoved = "2026-05-12"

// versions are all that Clerk has published. A request that names none gets the
// newest, which is the strictest. Clerk would use the instance's own version.
var versions = []string{"2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12"}

// version reads the API version of a request. It refuses an unknown version, and
// a version named twice even if both agree.
func version(request *wire.Request, query url.Values) (string, *Error) {
	header, parameter := request.Header.Values(versionHeader), query[versionParameter]
	named := slices.Concat(header, parameter)
	switch {
	case len(named) == 0:
		return versions[len(versions)-1], nil
	case len(named) > 1:
		return "", BadRequest("api_version_invalid", "Invalid API version",
			"Name the API version either in the header %s or in the parameter %s, not in both.", versionHeader, versionParameter)
	case !slices.Contains(versions, named[0]):
		return "", BadRequest("api_version_invalid", "Invalid API version", "%s is not a version of the API.", named[0])
	}
	return named[0], nil
}
