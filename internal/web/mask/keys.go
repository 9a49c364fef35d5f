package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// How much of a member's value is masked.
const (
	none   = iota
	scalar // the value, or the scalars of a list; the members of objects within it count by their own names
	deep   // everything within it, except for what neutral names
)

var (
	// personal keys hold personal data themselves. All keys are in lower case, without separators.
	personal = []string{"email", "phone", "mobile", "username", "login", "identifier", "slug", "surname", "ip", "clientip",
		"lastip", "line1", "line2", "line3", "street", "city", "town", "postalcode", "postcode", "zip", "zipcode", "iban",
		"useragent", "dob", "birthday", "birthdate", "dateofbirth", "gender", "avatar", "gravatar", "picture", "latitude",
		"longitude", "description", "footer", "memo", "subject", "body", "bodyplain", "message", "note", "notes",
		"comment", "requestedby", "requestedfrom", "web3wallet", "ssn", "idnumber", "passport", "ssnlast4",
		"idnumberlast4",
		"signature", "profile", "hostedinvoiceurl", "receipturl", "invoicepdf", "magiclink", "hostedverificationurl"}

	// secrets open something.
	secrets = []string{"clientsecret", "otpcode", "token", "password", "secret", "apikey", "accesstoken", "refreshtoken",
		"ticket", "nonce"}

	// groups hold nothing but personal data.
	groups = []string{"shipping", "billingdetails", "customerdetails", "customershipping", "collectedinformation",
		"individual", "owner", "representative", "person", "taxids", "customertaxids", "customfields", "httprequest",
		"latestactivity", "ipaddresslocation", "evidence", "customerevidence", "verifiedoutputs", "providedoutputs"}

	// lists hold objects whose members say what is personal in them.
	lists = []string{"emails", "emailaddresses", "phones", "phonenumbers"}

	// endings make any key personal.
	endings = []string{"email", "emailaddress", "name", "phone", "phonenumber", "imageurl", "avatarurl", "ipaddress"}

	// impersonal are keys with such an ending, and without personal data.
	impersonal = []string{"rolename", "planname", "productname", "featurename", "eventname",
		"nickname", "browsername", "directoryservername"}

	// neutral keys stay within a group.
	neutral = []string{"id", "object", "type", "status", "strategy", "taxexempt", "currency", "livemode", "verified"}
)

// plain returns a key in lower case without separators, so that first_name and firstName are the same.
func plain(key string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, key)
}

// depth returns how much of the value of a member is masked, within a value with the depth of its parent.
func depth(key string, within int) int {
	key = plain(key)
	ends := func(ending string) bool { return strings.HasSuffix(key, ending) }
	switch {
	case within == deep && !slices.Contains(neutral, key):
		return deep
	case slices.Contains(lists, key):
		return scalar
	case slices.Contains(impersonal, key), slices.Contains(neutral, key):
		return none
	case slices.Contains(personal, key), slices.Contains(secrets, key), slices.Contains(groups, key),
		slices.ContainsFunc(endings, ends), strings.Contains(key, "address") && !ends("id") && !ends("collection"):
		return deep
	}
	return none
}

var (
	// address finds what may be an e-mail address, also in a link.
	address = regexp.MustCompile(`\S(@|%40|\\u0040)\S`)

	// opens finds links that open somebody's checkout, invoice or portal.
	opens = regexp.MustCompile(`(?i)https://(checkout|billing|pay|invoice|payments|files|img|images)\.(stripe|clerk)\.(com|dev)/`)
)

// tells reports whether a text is personal whatever its key.
func tells(text string) bool { return address.MatchString(text) || opens.MatchString(text) }
