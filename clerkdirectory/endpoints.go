package clerkdirectory

// endpoints are the routes that this package calls, for the metrics of its calls.
var endpoints = []string{
	"GET /v1/instance",
	"GET /v1/organizations",
	"GET /v1/organizations/{}",
	"PATCH /v1/organizations/{}",
	"PATCH /v1/organizations/{}/metadata",
	"GET /v1/organizations/{}/memberships",
	"GET /v1/users",
	"GET /v1/users/{}",
	"PATCH /v1/users/{}/metadata",
}
