// Package statistics writes what a process counts to the database once a minute, and reads it as series for charts.
//
// The counts are those of the metrics: [Writer] reads them like a scrape of Prometheus does, and writes how much they
// have grown. So a delivery pays nothing for the charts, and they show the same numbers as /metrics.
//
// A process that dies without notice loses what it counted since its last write, a minute at most. If the connection
// breaks during a commit, a minute may count twice.
package statistics
