package clerksim

import "github.com/lockstep-dev/lockstep/simulator/clerksim/api"

func noUser(id string) *api.Error { return api.NotFound("No user was found with id %s", id) }

func noOrganization() *api.Error { return api.NotFound("Given organization not found.") }

func noRole(param string) *api.Error {
	failure := api.NotFound("Organization role not found")
	failure.Param = param
	return failure
}

func noSession(id string) *api.Error {
	failure := api.NotFound("No session was found with id %s", id)
	failure.Message = "Session not found"
	return failure
}

// noIdentifier is about the id of an e-mail address or phone number.
func noIdentifier() *api.Error {
	failure := api.NotFound("Resource not found")
	failure.Message = "Resource not found"
	return failure
}
