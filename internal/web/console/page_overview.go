package console

var overviewPages = []page{{path: "", name: "Overview", title: "Overview", file: "overview.html", live: true,
	read: readOverview}}

// overviewData is the content of the page.
type overviewData struct {
	Status  string
	Reasons []struct{ Code, Detail string }
}

func readOverview(v *visit) (any, error) {
	var data overviewData
	return &data, v.get("/healthz", &data)
}
