// Package metrics holds the metrics of this process and those of its database, for Prometheus.
//
// Every series exists from the start with the value 0, so that rate() and an alert work from the first
// scrape. A label takes its values from a fixed list; what is not in the list counts as [Other]. So no
// delivery, account or path adds a series. A count is one atomic addition: it takes no lock and
// allocates nothing.
//
// docs/observability.md says what each metric means.
package metrics
