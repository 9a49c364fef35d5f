package stripebilling

import "testing"

// What else is refused, and that no text shows the key, is upstream's to test.
func TestConfigIsRefused(t *testing.T) {
	const tls, here = "stripe: a live key must not be sent without TLS, use https", "stripe: a live key must not be used with an address of this machine"
	for want, configs := range map[string][]Config{
		"stripe: the API key is empty": {{}, {Key: " "}},
		"stripe: the API key holds a space or another character that keys do not have":     {{Key: "sk_test_1\n"}},
		"stripe: the API key is a publishable key (pk_…); the secret key (sk_…) is needed": {{Key: "pk_test_1"}},
		"stripe: the base URL cannot be parsed":                                            {{Key: "sk_test_1", BaseURL: "http://["}},
		`stripe: the base URL "api.stripe.com" is not of the form https://host`:            {{Key: "sk_test_1", BaseURL: "api.stripe.com"}},
		tls:  {{Key: "sk_live_1", BaseURL: "http://stripe.internal"}, {Key: "rk_live_1", BaseURL: "http://stripe.internal"}},
		here: {{Key: "sk_live_1", BaseURL: "http://127.0.0.1:8080"}, {Key: "rk_live_1", BaseURL: "http://localhost"}},
	} {
		for _, c := range configs {
			if _, err := New(c); err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", c.BaseURL, err, want)
			}
		}
	}
}

func TestConfigIsAccepted(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		live   bool
	}{
		"test":            {Config{Key: "sk_test_1"}, false},
		"live":            {Config{Key: "sk_live_1"}, true},
		"restricted live": {Config{Key: "rk_live_1", BaseURL: "https://stripe.internal"}, true},
		"simulator":       {Config{Key: "sk_test_1", BaseURL: "http://127.0.0.1:12111/"}, false},
		"compose":         {Config{Key: "rk_test_1", BaseURL: "http://simulator:12111"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if client.Live() != c.live {
				t.Errorf("Live is %v", client.Live())
			}
		})
	}
}
