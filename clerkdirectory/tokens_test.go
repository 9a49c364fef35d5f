package clerkdirectory

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lockstep-dev/lockstep"
)

var (
	key1 = newKey(2048)
	key2 = newKey(2048)
)

func newKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// instance publishes keys without a network, so that it works in a synctest bubble.
type instance struct {
	keys     map[string]*rsa.PrivateKey
	down     bool
	slow     time.Duration
	requests []*http.Request
	answer   string // instead of the keys
}

func (i *instance) RoundTrip(r *http.Request) (*http.Response, error) {
	i.requests = append(i.requests, r)
	select {
	case <-time.After(i.slow):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if i.down {
		return nil, errors.New("connection refused")
	}
	body := i.answer
	if body == "" {
		body = i.jwks()
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)),
		Request: r}, nil
}

func (i *instance) jwks() string {
	keys := []map[string]string{{"kid": "other-kind", "kty": "EC"}}
	for kid, key := range i.keys {
		keys = append(keys, jwk(kid, &key.PublicKey))
	}
	text, _ := json.Marshal(map[string]any{"keys": keys})
	return string(text)
}

func jwk(kid string, key *rsa.PublicKey) map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kid": kid, "kty": "RSA", "use": "sig", "alg": "RS256", "n": b64(key.N.Bytes()),
		"e": b64(big.NewInt(int64(key.E)).Bytes())}
}

const issuer = "https://calm-ant-1.clerk.accounts.dev"

func (i *instance) tokens(t *testing.T, change ...func(*TokenConfig)) *Tokens {
	t.Helper()
	config := TokenConfig{Key: "sk_test_1", Issuer: issuer, AuthorizedParties: []string{"https://app.example.com"},
		HTTPClient: &http.Client{Transport: i}}
	for _, c := range change {
		c(&config)
	}
	tokens, err := NewTokens(config)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// claims returns the claims of a session token from Clerk, with changes. A nil removes a
// claim.
func claims(changes map[string]any) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{"v": 2, "iss": issuer, "sub": "user_1", "sid": "sess_1", "azp": "https://app.example.com",
		"sts": "active", "jti": "x", "fva": []int{1, -1},
		"iat": now.Unix(), "nbf": now.Add(-10 * time.Second).Unix(), "exp": now.Add(time.Minute).Unix()}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func sign(method jwt.SigningMethod, key any, header map[string]any, c jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"], token.Header["cat"] = "key-1", "cl_1"
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func good(changes map[string]any) string {
	return sign(jwt.SigningMethodRS256, key1, nil, claims(changes))
}

func TestSessionToken(t *testing.T) {
	tokens := (&instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}).tokens(t)
	for name, c := range map[string]struct {
		claims map[string]any
		want   lockstep.Session
	}{
		"user": {nil, lockstep.Session{UserID: "user_1", SessionID: "sess_1"}},
		"organization, v2": {map[string]any{"o": map[string]any{"id": "org_1", "rol": "admin", "slg": "acme"}},
			lockstep.Session{UserID: "user_1", SessionID: "sess_1", OrganizationID: "org_1", OrganizationRole: "admin"}},
		"organization, v1": {map[string]any{"v": nil, "sts": nil, "org_id": "org_1", "org_role": "org:member"},
			lockstep.Session{UserID: "user_1", SessionID: "sess_1", OrganizationID: "org_1", OrganizationRole: "member"}},
		"without azp": {map[string]any{"azp": nil}, lockstep.Session{UserID: "user_1", SessionID: "sess_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tokens.Verify(t.Context(), good(c.claims))
			if err != nil {
				t.Fatal(err)
			}
			if got.Claims["sub"] != "user_1" {
				t.Error("the claims are missing")
			}
			got.Claims = nil
			if got.UserID != c.want.UserID || got.SessionID != c.want.SessionID ||
				got.OrganizationID != c.want.OrganizationID || got.OrganizationRole != c.want.OrganizationRole {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAttacks(t *testing.T) {
	der, err := x509.MarshalPKIXPublicKey(&key1.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	rs, all := jwt.SigningMethodRS256, claims(nil)
	header, payload, _ := strings.Cut(good(nil), ".")
	payload, signature, _ := strings.Cut(payload, ".")
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"user_2"}`))
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"empty":       {"", ErrTokenMalformed},
		"not a token": {"a.b", ErrTokenMalformed},
		"not base64":  {"!.!.!", ErrTokenMalformed},
		"endless":     {strings.Repeat("a", 1<<20), ErrTokenMalformed},
		"alg none": {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, all),
			ErrTokenAlgorithm},
		"alg None": {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"None","kid":"key-1"}`)) + "." +
			payload + ".", ErrTokenAlgorithm},
		"no alg": {base64.RawURLEncoding.EncodeToString([]byte(`{"kid":"key-1"}`)) + "." + payload +
			"." + signature, ErrTokenAlgorithm},
		"HS256 by the public key": {sign(jwt.SigningMethodHS256, publicPEM, nil, all), ErrTokenAlgorithm},
		"HS256 by the modulus":    {sign(jwt.SigningMethodHS256, key1.N.Bytes(), nil, all), ErrTokenAlgorithm},
		"RS512":                   {sign(jwt.SigningMethodRS512, key1, nil, all), ErrTokenAlgorithm},
		"PS256":                   {sign(jwt.SigningMethodPS256, key1, nil, all), ErrTokenAlgorithm},
		"another instance's key":  {sign(rs, key2, nil, all), ErrTokenSignature},
		"signature removed":       {header + "." + payload + ".", ErrTokenSignature},
		"claims replaced":         {header + "." + forged + "." + signature, ErrTokenSignature},
		"unknown kid":             {sign(rs, key1, map[string]any{"kid": "key-9"}, all), ErrTokenKey},
		"no kid":                  {sign(rs, key1, map[string]any{"kid": ""}, all), ErrTokenKey},
		"kid that is a number":    {sign(rs, key1, map[string]any{"kid": 1}, all), ErrTokenKey},
		"brings its own key": {sign(rs, key2, map[string]any{"jwk": jwk("key-1", &key2.PublicKey)}, all),
			ErrTokenMalformed},
		"says where its key is": {sign(rs, key2, map[string]any{"jku": "https://evil.example/jwks"}, all),
			ErrTokenMalformed},
		"brings a certificate": {sign(rs, key2, map[string]any{"x5c": []string{"MII"}}, all), ErrTokenMalformed},
		"says where a certificate is": {sign(rs, key2, map[string]any{"x5u": "https://evil.example/"}, all),
			ErrTokenMalformed},
		"own key, well signed": {sign(rs, key1, map[string]any{"jku": "https://evil.example/"}, all),
			ErrTokenMalformed},
		"critical extension": {sign(rs, key1, map[string]any{"crit": []string{"b64"}}, all), ErrTokenMalformed},
		"expired":            {good(map[string]any{"exp": ago(6 * time.Second)}), ErrTokenExpired},
		"never expires":      {good(map[string]any{"exp": nil}), ErrTokenMalformed},
		"expires in words":   {good(map[string]any{"exp": "never"}), ErrTokenMalformed},
		"not valid yet":      {good(map[string]any{"nbf": ago(-7 * time.Second)}), ErrTokenNotYet},
		"another instance": {good(map[string]any{"iss": "https://other-ant-1.clerk.accounts.dev"}),
			ErrTokenIssuer},
		"issuer with a slash":   {good(map[string]any{"iss": issuer + "/"}), ErrTokenIssuer},
		"no issuer":             {good(map[string]any{"iss": nil}), ErrTokenIssuer},
		"another origin":        {good(map[string]any{"azp": "https://evil.example"}), ErrTokenParty},
		"origin that is a list": {good(map[string]any{"azp": []string{"https://app.example.com"}}), ErrTokenParty},
		"origin of other case":  {good(map[string]any{"azp": "https://APP.example.com"}), ErrTokenParty},
		"pending":               {good(map[string]any{"sts": "pending"}), ErrTokenPending},
		"status that is new":    {good(map[string]any{"sts": "frozen"}), ErrTokenPending},
		"JWT template":          {good(map[string]any{"sid": nil}), ErrTokenNoSession},
		"nobody":                {good(map[string]any{"sub": nil}), ErrTokenNoSession},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := (&instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}).tokens(t)
			if got, err := tokens.Verify(t.Context(), c.token); !errors.Is(err, c.want) || got.UserID != "" ||
				got.Claims != nil {
				t.Fatalf("got %+v %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestLeeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// start at a whole second
		time.Sleep(time.Since(time.Unix(0, 0)).Truncate(time.Second) + time.Second - time.Since(time.Unix(0, 0)))
		tokens := (&instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}).tokens(t)
		token := good(map[string]any{"exp": time.Now().Add(10 * time.Second).Unix()})
		time.Sleep(15*time.Second - time.Millisecond)
		if _, err := tokens.Verify(t.Context(), token); err != nil {
			t.Errorf("within the leeway: %v", err)
		}
		time.Sleep(time.Millisecond)
		if _, err := tokens.Verify(t.Context(), token); !errors.Is(err, ErrTokenExpired) {
			t.Errorf("beyond the leeway: %v", err)
		}
	})
}

func TestIssuerWhereNoneIsConfigured(t *testing.T) {
	tokens := (&instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}).tokens(t,
		func(c *TokenConfig) { c.Issuer, c.AuthorizedParties = "", nil })
	for iss, want := range map[string]error{
		issuer:                                  nil,
		"https://clerk.example.com":             nil,
		"http://clerk.example.com":              ErrTokenIssuer,
		"https://clerk.example.com/":            ErrTokenIssuer,
		"https://example.com":                   ErrTokenIssuer,
		"https://x.clerk.accounts.dev.evil.com": ErrTokenIssuer,
		"https://evil.com/.clerk.accounts.dev":  ErrTokenIssuer,
		"https://a@clerk.example.com":           ErrTokenIssuer,
		"":                                      ErrTokenIssuer,
	} {
		if _, err := tokens.Verify(t.Context(), good(map[string]any{"iss": iss,
			"azp": "https://anywhere.example"})); !errors.Is(err, want) {
			t.Errorf("%q: %v", iss, err)
		}
	}
}

func TestASimulatorsAddressIsAnIssuerOnThisMachineOnly(t *testing.T) {
	for base, want := range map[string]error{"http://127.0.0.1:12112": nil, "http://127.0.0.1:12112/v1": nil,
		"https://proxy.example": ErrTokenIssuer} {
		tokens := (&instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}).tokens(t,
			func(c *TokenConfig) { c.Issuer, c.AuthorizedParties, c.BaseURL = "", nil, base })
		iss := strings.TrimSuffix(base, "/v1")
		if _, err := tokens.Verify(t.Context(), good(map[string]any{"iss": iss})); !errors.Is(err, want) {
			t.Errorf("%s: %v", base, err)
		}
		if _, err := tokens.Verify(t.Context(), good(map[string]any{"iss": "http://127.0.0.1:1"})); !errors.Is(err,
			ErrTokenIssuer) {
			t.Errorf("another address of this machine: %v", err)
		}
	}
}

func TestTokenConfig(t *testing.T) {
	for name, c := range map[string]struct {
		config TokenConfig
		ok     bool
	}{
		"key":                    {TokenConfig{Key: "sk_live_1"}, true},
		"no key":                 {TokenConfig{}, false},
		"live key without TLS":   {TokenConfig{Key: "sk_live_1", BaseURL: "http://127.0.0.1:1"}, false},
		"own place":              {TokenConfig{JWKSURL: "https://clerk.example.com/.well-known/jwks.json"}, true},
		"own place here":         {TokenConfig{JWKSURL: "http://127.0.0.1:1/jwks"}, true},
		"own place without TLS":  {TokenConfig{JWKSURL: "http://clerk.example.com/jwks"}, false},
		"own place, not a place": {TokenConfig{JWKSURL: "jwks"}, false},
		"leeway of an hour":      {TokenConfig{Key: "sk_test_1", Leeway: time.Hour}, false},
		"negative leeway":        {TokenConfig{Key: "sk_test_1", Leeway: -1}, false},
	} {
		if _, err := NewTokens(c.config); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretKeyGoesToTheBackendAPIOnly(t *testing.T) {
	for _, c := range []struct {
		change    func(*TokenConfig)
		url, auth string
	}{
		{func(*TokenConfig) {}, "https://api.clerk.com/v1/jwks", "Bearer sk_test_1"},
		{func(c *TokenConfig) { c.BaseURL = "http://127.0.0.1:5/v1/" }, "http://127.0.0.1:5/v1/jwks", "Bearer sk_test_1"},
		{func(c *TokenConfig) { c.JWKSURL = "https://clerk.example.com/.well-known/jwks.json" },
			"https://clerk.example.com/.well-known/jwks.json", ""},
	} {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}}
		if _, err := i.tokens(t, c.change).Verify(t.Context(), good(nil)); err != nil {
			t.Fatal(err)
		}
		if r := i.requests[0]; r.URL.String() != c.url || r.Header.Get("Authorization") != c.auth {
			t.Errorf("asked %s with %q", r.URL, r.Header.Get("Authorization"))
		}
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &instance{keys: map[string]*rsa.PrivateKey{"key-1": key1}, slow: time.Second}
		tokens := i.tokens(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := tokens.Verify(ctx, good(nil)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		// The fetch continues for other requests.
		if _, err := tokens.Verify(t.Context(), good(nil)); err != nil || len(i.requests) != 1 {
			t.Fatalf("%v after %d requests", err, len(i.requests))
		}
	})
}
