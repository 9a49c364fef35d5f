package mask_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/web/mask"
)

func TestMasksPersonalDataAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{`{"id":"cus_1","email":"ada@example.com","balance":-1.50,"livemode":false}`,
			`{"id":"cus_1","email":"••••••••","balance":-1.50,"livemode":false}`},
		{`{"z":1,"a":{"name":"Ada","object":"customer"},"m":null}`, `{"z":1,"a":{"name":"••••","object":"customer"},"m":null}`},
		{`{"customer_details":{"address":{"city":"Berlin","country":"DE"},"phone":null,"tax_exempt":"none","tax_ids":[{"type":"eu_vat","value":"DE1"}]}}`,
			`{"customer_details":{"address":{"city":"••••","country":"••••"},"phone":null,"tax_exempt":"none","tax_ids":[{"type":"eu_vat","value":"••••"}]}}`},
		{`{"email_addresses":[{"id":"idn_1","email_address":"a@b.co","verification":{"status":"verified"}}],"primary_email_address_id":"idn_1"}`,
			`{"email_addresses":[{"id":"idn_1","email_address":"••••","verification":{"status":"verified"}}],"primary_email_address_id":"idn_1"}`},
		{`{"firstName":"Ada","phone_numbers":["+49 30 1"],"dob":{"day":10,"year":1815}}`,
			`{"firstName":"••••","phone_numbers":["••••"],"dob":{"day":0,"year":0}}`},
		{`{"metadata":{"plan":"pro","contact":"write to ada@example.com, please","ada@example.com":"x"}}`,
			`{"metadata":{"plan":"pro","contact":"••••••••","••••••••":"x"}}`},
		{`{"metadata":{"buyer":"{\"email\":\"ada@example.com\",\"seat\":3}"}}`, `{"metadata":{"buyer":"{\"email\":\"••••••••\",\"seat\":3}"}}`},
		{`{"success_url":"https://app.test/?u=ada%40example.com","url":"/v1/customers"}`, `{"success_url":"••••••••","url":"/v1/customers"}`},
		{`{"url":"https://checkout.stripe.com/c/pay/cs_test_1","client_secret":"pi_1_secret_2"}`, `{"url":"••••••••••••","client_secret":"••••••••"}`},
		{`{"type":"ada@example.com","id":"ada@example.com"}`, `{"type":"••••••••","id":"••••••••"}`},
		{`{"name":"","email":null,"name":"twice"}`, `{"name":"","email":null,"name":"••••"}`},
		{`{"plan":{"product_name":"Pro","nickname":"Pro monthly","amount":12345678901234567890}}`,
			`{"plan":{"product_name":"Pro","nickname":"Pro monthly","amount":12345678901234567890}}`},
		{`"ada@example.com"`, `"••••••••"`},
		{`{"event_attributes":{"http_request":{"client_ip":"192.168.1.1","user_agent":"Firefox"}}}`,
			`{"event_attributes":{"http_request":{"client_ip":"••••••••","user_agent":"••••"}}}`},
	} {
		got, err := mask.JSON([]byte(c.in))
		if diff := cmp.Diff(c.want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", c.in, err, diff)
		}
	}
}

func TestRefusesWhatItCannotMask(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "{", `{"a":1}{"b":2}`, "ada@example.com"} {
		if got, err := mask.JSON([]byte(in)); err == nil {
			t.Errorf("%q: %s", in, got)
		}
	}
	long := []byte(`"` + strings.Repeat("a", mask.Limit) + `"`)
	if _, err := mask.JSON(long); !errors.Is(err, mask.ErrTooLong) {
		t.Errorf("a long body: %v", err)
	}
}

// leaf is a value of a JSON text with the names of the members that lead to it.
type leaf struct {
	path  []string
	value any
}

// leaves lists the values of a text in order.
func leaves(t *testing.T, text []byte) (all []leaf) {
	t.Helper()
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var path []string
	var walk func()
	walk = func() {
		token, err := in.Token()
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		delim, isDelim := token.(json.Delim)
		if !isDelim {
			all = append(all, leaf{slices.Clone(path), token})
			return
		}
		for in.More() {
			if delim == '{' {
				name, err := in.Token()
				if err != nil {
					t.Fatal(err)
				}
				path = append(path, name.(string))
			}
			walk()
			if delim == '{' {
				path = path[:len(path)-1]
			}
		}
		if _, err := in.Token(); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	walk()
	return all
}

// theirs lists keys of the providers whose values say who somebody is.
var theirs = []string{"email", "email_address", "to_email_address", "receipt_email", "customer_email", "billing_email",
	"name", "first_name", "last_name", "customer_name", "username", "phone", "phone_number", "customer_phone", "identifier",
	"line1", "line2", "city", "postal_code", "ip", "ip_address", "client_ip", "user_agent", "image_url",
	"profile_image_url", "account_holder_name", "otp_code", "body_plain", "client_secret"}

var mail = regexp.MustCompile(`\S@\S`)

// TestMaskedPayloadsOfTheProvidersTellNothing masks the providers' own examples: the shape stays, and no personal value
// does.
func TestMaskedPayloadsOfTheProvidersTellNothing(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		t.Skip("LOCKSTEP_SHARED does not name the directory with payloads")
	}
	files, err := filepath.Glob(filepath.Join(shared, "payloads", "*", "*.json"))
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	hidden, kept := 0, 0
	for _, file := range files {
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		after, err := mask.JSON(before)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		was, is := leaves(t, before), leaves(t, after)
		if len(was) != len(is) {
			t.Fatalf("%s: %d values, %d masked", file, len(was), len(is))
		}
		for i := range was {
			name := was[i].path[len(was[i].path)-1]
			if !slices.Equal(was[i].path, is[i].path) {
				t.Errorf("%s: %v became %v", file, was[i].path, is[i].path)
			}
			text, isText := was[i].value.(string)
			switch {
			case isText && text != "" && (slices.Contains(theirs, name) || mail.MatchString(text)):
				hidden++
				if is[i].value == text {
					t.Errorf("%s: %v is %q", filepath.Base(file), was[i].path, text)
				}
			case name == "id" || name == "object" || name == "status" || name == "type" || name == "created" ||
				name == "customer" || name == "amount" || name == "currency":
				kept++
				if is[i].value != was[i].value {
					t.Errorf("%s: %v is %v, was %v", filepath.Base(file), was[i].path, is[i].value, was[i].value)
				}
			}
		}
		if found := mail.FindString(string(after)); found != "" {
			t.Errorf("%s: %s", file, found)
		}
	}
	if hidden < 200 || kept < 1000 {
		t.Errorf("%d values hidden, %d kept", hidden, kept)
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"email":"a@b.c","n":[1,{"name":"x"},"{\"phone\":1}"]}`, `[[["a@b"]]]`, `{"a@b":1e5}`,
		`"\u0061\u0040b"`, `{"address":{"x":[1,"y"]}}`, `"[\"[\\\"[\\\\\\\"a@b\\\\\\\"]\\\"]\"]"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := mask.JSON(text)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q", text, got)
		}
		if len(got) > 16*len(text)+16 {
			t.Fatalf("%d bytes became %d", len(text), len(got))
		}
		for _, l := range leaves(t, got) {
			if text, isText := l.value.(string); isText && mail.MatchString(text) {
				t.Fatalf("%q is left in %q", text, got)
			}
		}
		again, err := mask.JSON(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q became %q again (%v)", got, again, err)
		}
	})
}
