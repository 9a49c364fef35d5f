package clerksim_test

import (
	"context"
	"encoding/json"
	"testing"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"github.com/lockstep-dev/lockstep/simulator"
)

func TestClerkGoVerifiesTheSessionTokens(t *testing.T) {
	t.Parallel()
	sim, config, base := clerkOnLoopback(t)
	buyer, err := sim.SignUp(simulator.SignUp{Email: "a@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	acme, err := sim.CreateOrganization("Acme", buyer.ID)
	if err != nil {
		t.Fatal(err)
	}
	raw := json.RawMessage(`{"billing":{"plan":"pro"}}`)
	if _, err := user.NewClient(config).UpdateMetadata(t.Context(), buyer.ID,
		&user.UpdateMetadataParams{PublicMetadata: &raw}); err != nil {
		t.Fatal(err)
	}
	token, err := sim.SessionToken(buyer.ID, acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	type custom struct {
		Plan    string  `json:"plan"`
		OrgPlan *string `json:"org_plan"`
		Status  string  `json:"sts"`

		Organization struct {
			ID   string `json:"id"`
			Slug string `json:"slg"`
			Role string `json:"rol"`
		} `json:"o"`
	}
	verify := func(token string) (*clerk.SessionClaims, error) {
		return jwt.Verify(t.Context(), &jwt.VerifyParams{Token: token, JWKSClient: jwks.NewClient(config), ProxyURL: &base,
			CustomClaimsConstructor: func(context.Context) any { return &custom{} }})
	}
	claims, err := verify(token)
	if err != nil {
		t.Fatal(err)
	}
	mine := claims.Custom.(*custom)
	if claims.Subject != buyer.ID || claims.Issuer != base || claims.Version != 2 || mine.Plan != "pro" ||
		mine.OrgPlan != nil || mine.Status != "active" {
		t.Errorf("claims are %+v with %+v", claims, mine)
	}
	if mine.Organization.ID != acme.ID || mine.Organization.Role != "admin" || mine.Organization.Slug != "acme" {
		t.Errorf("organization claim is %+v", mine.Organization)
	}
	if lifetime := *claims.Expiry - *claims.IssuedAt; lifetime != 60 {
		t.Errorf("the token lives %d s, want 60", lifetime)
	}
	if _, err := verify(token[:len(token)-8] + "AAAAAAAA"); err == nil {
		t.Error("a changed signature verifies")
	}
	sessions := session.NewClient(config)
	made, err := sessions.Create(t.Context(), &session.CreateParams{UserID: buyer.ID})
	if err != nil {
		t.Fatal(err)
	}
	personal, err := sessions.CreateToken(t.Context(), &session.CreateTokenParams{ID: made.ID})
	if err != nil {
		t.Fatal(err)
	}
	claims, err = verify(personal.JWT)
	if err != nil || claims.SessionID != made.ID || claims.Custom.(*custom).Organization.ID != "" {
		t.Errorf("token of the API: %+v, %v", claims, err)
	}
}
