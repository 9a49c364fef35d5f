package clerksim_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/clerk/clerk-sdk-go/v2/user"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

func TestABannedOrLockedUserCannotSignIn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ada := b.person("ada@example.com")
		if _, err := b.SessionToken(ada.ID, ""); err != nil {
			t.Fatal(err)
		}
		users := user.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		signIn := func() int {
			status, _, _ := b.Submit(simharness.ClerkHost+"/sign-in", url.Values{"email": {"ADA@example.com"}})
			return status
		}
		if got, err := users.Ban(t.Context(), ada.ID); err != nil || !got.Banned {
			t.Fatalf("banned %+v, %v", got, err)
		}
		if status := b.data("session.revoked")["status"]; status != "revoked" {
			t.Errorf("the session of a banned user is %v", status)
		}
		if _, err := b.SessionToken(ada.ID, ""); err == nil || signIn() != http.StatusUnprocessableEntity {
			t.Error("a banned user signs in")
		}
		b.backend("POST", "/sessions", `{"user_id":"`+ada.ID+`"}`).refused(403, "user_banned")
		if got, err := users.Unban(t.Context(), ada.ID); err != nil || got.Banned || signIn() != http.StatusSeeOther {
			t.Errorf("unbanned %+v, %v", got, err)
		}
		locked, err := users.Lock(t.Context(), ada.ID)
		if err != nil || !locked.Locked || *locked.LockoutExpiresInSeconds != 3600 ||
			signIn() != http.StatusUnprocessableEntity {
			t.Errorf("locked %+v, %v", locked, err)
		}
		b.Advance(59 * time.Minute)
		if got := b.backend("GET", "/users/"+ada.ID, "").ok(); got.at("locked") != true ||
			got.at("lockout_expires_in_seconds") != 60.0 {
			t.Errorf("after 59 minutes: %v", got.value)
		}
		b.Advance(time.Minute)
		if got := b.backend("GET", "/users/"+ada.ID, "").ok(); got.at("locked") != false ||
			got.at("lockout_expires_in_seconds") != nil || signIn() != http.StatusSeeOther {
			t.Errorf("after the lockout: %v", got.value)
		}
		b.backend("POST", "/users/"+ada.ID+"/lock", "").ok()
		if got, err := users.Unlock(t.Context(), ada.ID); err != nil || got.Locked {
			t.Errorf("unlocked %+v, %v", got, err)
		}
		eve := b.person("eve@example.com")
		if got := b.backend("POST", "/users/ban", `{"user_ids":["`+ada.ID+`","`+eve.ID+`"]}`).ok(); got.at(
			"1.banned") != true {
			t.Errorf("both banned: %v", got.value)
		}
		b.backend("POST", "/users/unban", `{"user_ids":["`+ada.ID+`","user_x"]}`).refused(404, "resource_not_found")
		if !userNow(b, ada.ID).Banned {
			t.Error("a refused request unbanned somebody")
		}
	})
}

func TestAPasswordIsVerifiedAndRemoved(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		made := b.backend("POST", "/users", `{"username":"ada_l","password":"correct horse"}`).ok()
		path := "/users/" + made.text("id")
		if got := b.backend("POST", path+"/verify_password",
			`{"password":"correct horse"}`).ok(); got.at("verified") != true {
			t.Errorf("verified %v", got.value)
		}
		b.backend("POST", path+"/verify_password", `{"password":"wrong horse"}`).refused(422, "incorrect_password")
		b.backend("POST", path+"/verify_password", `{}`).refused(422, "form_param_missing")
		if _, err := b.SessionToken(made.text("id"), ""); err != nil {
			t.Fatal(err)
		}
		b.backend("PATCH", path, `{"password":"battery staple","sign_out_of_other_sessions":true}`).ok()
		b.data("session.revoked")
		b.backend("POST", path+"/verify_password", `{"password":"battery staple"}`).ok()
		if got := b.backend("POST", path+"/remove_password", `{}`).ok(); got.at("password_enabled") != false {
			t.Errorf("removed: %v", got.value)
		}
		updates := count(b.inboxKinds(), "user.updated")
		b.backend("POST", path+"/remove_password", "").ok()
		if got := count(b.inboxKinds(), "user.updated"); got != updates {
			t.Errorf("removing no password sends %d webhooks", got-updates)
		}
	})
}
