// Package transfer moves all data from SQLite to PostgreSQL, once.
//
// # Safety
//
//   - The move seals the source before it reads anything: triggers refuse every write, also those of a
//     service that still runs, which then answers deliveries 503. The seal is in the file, so it holds
//     while the move is interrupted, and after it. [Unseal] removes it. Each seal has an id.
//   - The target must be empty, or hold the unfinished move of the same seal, as its table transfer
//     says. Package pgstore does not open a database whose move is unfinished.
//   - Rows move table by table in the order of their keys, in batches. One transaction writes a batch and
//     its progress (table transfer_progress). So an interrupted move continues after the last committed
//     batch, and no row is moved twice.
//   - At the end, both databases are read in full and compared: the number of rows and a checksum for
//     each table, over one canonical form. Only then the move is finished.
//
// # What is moved
//
// The variable tables lists it: all tables and columns except leases, tokens and the heartbeat, which
// matter only to a running process, and the counts that triggers maintain. A run that held a key is
// over, and its key is due. Texts move as PostgreSQL can store them: without zero bytes, and with U+FFFD
// for bytes that are not UTF-8. The report counts the changed texts, and the checksums are those of the
// texts as written.
package transfer
