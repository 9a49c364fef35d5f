package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// eventFiles are events as our simulator sends them, with {event}, {object} and {customer} in place of the ids.
//
//go:embed events
var eventFiles embed.FS

// mix is how many of ten events have each type. The last type causes no work.
var mix = []struct {
	kind string
	of10 int
}{
	{"customer.subscription.updated", 4},
	{"checkout.session.completed", 2},
	{"invoice.paid", 2},
	{"customer.subscription.created", 1},
	{"charge.succeeded", 1},
}

// secret signs the tool's deliveries.
const secret = "whsec_bG9ja3N0ZXAtYmVuY2gtc2VjcmV0LWtleQ=="

// events makes the events of a run. The n-th is the same each time.
type events struct {
	templates [10]template
	run       uint64 // seeds the ids, so that runs differ
	customers int    // how many different customers the events name
}

// template is an event's text, cut at the ids.
type template []segment

type segment struct {
	text string
	id   byte // the kind of id that follows: e, o or c; 0 at the end
}

func newEvents(run uint64, customers int) (*events, error) {
	e := &events{run: run, customers: customers}
	n := 0
	for _, m := range mix {
		text, err := eventFiles.ReadFile("events/" + m.kind + ".json")
		if err != nil {
			return nil, err
		}
		for range m.of10 {
			e.templates[n] = parseTemplate(string(text))
			n++
		}
	}
	return e, nil
}

func parseTemplate(text string) (t template) {
	for {
		at := -1
		for _, mark := range []string{"{event}", "{object}", "{customer}"} {
			if i := strings.Index(text, mark); i >= 0 && (at < 0 || i < at) {
				at = i
			}
		}
		if at < 0 {
			return append(t, segment{text: text})
		}
		end := at + strings.IndexByte(text[at:], '}') + 1
		t = append(t, segment{text: text[:at], id: text[at+1]})
		text = text[end:]
	}
}

// body appends the n-th event.
func (e *events) body(buf []byte, n uint64) []byte {
	random := rand.New(rand.NewPCG(e.run, n))
	kind, customer := random.IntN(10), random.IntN(e.customers)
	event, object := random.Uint64(), random.Uint64()
	for _, s := range e.templates[kind] {
		buf = append(buf, s.text...)
		switch s.id {
		case 'e':
			buf = appendID(buf, n, event)
		case 'o':
			buf = appendID(buf, n, object)
		case 'c':
			buf = append(buf, customerID(customer)...)
		}
	}
	return buf
}

// request implements [questions]: the n-th event, delivered.
func (e *events) request(buf, scratch []byte, n uint64) (request, body []byte) {
	body = e.body(scratch[:0], n)
	return appendRequest(buf, body, time.Now()), body
}

// customerID returns the part of the n-th customer's id that its user's id shares.
func customerID(n int) string { return fmt.Sprintf("Bench%09d", n) }

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// appendID appends an id like Stripe's: the first part grows with time, the rest is random.
func appendID(buf []byte, n, random uint64) []byte {
	var id [24]byte
	id[0] = '1'
	n += 1 << 34
	for i := 6; i >= 1; i-- {
		id[i] = digits[n%62]
		n /= 62
	}
	for i := 7; i < 24; i++ {
		if i == 17 {
			random ^= random << 13
		}
		id[i] = digits[random%62]
		random = random/62 | random<<53
	}
	return append(buf, id[:]...)
}

// appendRequest appends a signed delivery.
func appendRequest(buf, body []byte, now time.Time) []byte {
	signed := strconv.FormatInt(now.Unix(), 10)
	buf = append(buf, "POST /webhooks/stripe HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"User-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\nAccept: */*; q=0.5, application/xml\r\nCache-Control: no-cache\r\nStripe-Signature: t="...)
	buf = append(buf, signed...)
	buf = append(buf, ",v1="...)
	buf = append(buf, signature(signed, body)...)
	buf = append(buf, "\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(body)), 10)
	buf = append(buf, "\r\n\r\n"...)
	return append(buf, body...)
}

// signature signs a body as https://docs.stripe.com/webhooks#verify-manually says.
func signature(signed string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
