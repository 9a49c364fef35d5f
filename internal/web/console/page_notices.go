package console

import (
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var noticesPages = []page{
	{path: "/notices", name: "Notices", title: "Notices", file: "notices.html", live: true, read: readNotices},
	{path: "/notices/{id}", title: "Notice", file: "notice.html", live: true, read: readNotice, section: "/notices"},
}

// noticesData is the content of the list.
type noticesData struct {
	Data     []shownNotice
	Next     string
	Filtered bool     `json:"-"`
	Refused  []string `json:"-"` // why the filters cannot be used
}

// shownNotice is a notice, in the list and on its own page.
type shownNotice struct {
	ID, Kind, Account, Object string
	CreatedAt                 time.Time `json:"created_at"`
	Mail                      *shownMail
	BuyerMail                 *shownMail `json:"buyer_mail"`

	// Only its own page has these.
	Facts      lockstep.Facts
	Run        string
	Deliveries []shownDelivery
}

// shownMail is the state of an e-mail.
type shownMail struct {
	State, Reason string
	Attempts      int
	UpdatedAt     time.Time  `json:"updated_at"`
	NextTry       *time.Time `json:"next_try_at"`
}

// Words names the kind.
func (n shownNotice) Words() string { return noticeKind(n.Kind) }

// Href is the notice's page.
func (n shownNotice) Href() string { return path("notices", n.ID) }

// About is the object at Stripe; empty if the notice is about the account itself.
func (n shownNotice) About() string {
	if n.Kind == string(lockstep.NoticeAccessEnded) {
		return ""
	}
	return aboutObject(n.Object)
}

// mailOf is an e-mail with its recipient, for the part "mail".
type mailOf struct {
	To    string
	Mail  *shownMail
	Frame frame
}

// MailTo returns an e-mail with its recipient, for the part "mail".
func (f frame) MailTo(to string, of *shownMail) mailOf { return mailOf{to, of, f} }

// KindOptions are the choices of the filter.
func (f frame) KindOptions() []option {
	pairs := []string{"", "All"}
	for _, k := range noticeKinds {
		pairs = append(pairs, k[0], k[1])
	}
	return f.Options("kind", pairs...)
}

func readNotices(v *visit) (any, error) {
	given := v.URL.Query()
	data := noticesData{Filtered: given.Get("kind")+given.Get("account")+given.Get("mail") != ""}
	refused, err := v.refusal(v.query("/v1/notices", "kind", "account", "mail", "before"), &data)
	data.Refused = refused
	return &data, err
}

func readNotice(v *visit) (any, error) {
	var data shownNotice
	if err := v.get(noticeAPI(v.PathValue("id")), &data); err != nil {
		return nil, err
	}
	v.title = data.Words()
	return &data, nil
}

// noticeAPI is the path of a notice in the API.
func noticeAPI(id string) string { return "/v1/notices/" + url.PathEscape(id) }
