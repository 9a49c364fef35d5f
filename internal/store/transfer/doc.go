// Package transfer moves a business from SQLite to PostgreSQL, whole, once.
//
// # What makes it safe
//
//   - The source is sealed before anything is read: triggers refuse every write, of a
//     service that still runs too, which then answers deliveries 503. The seal is in the
//     file, so that it holds while the move is interrupted, and stays after it. [Unseal]
//     takes it away. Each seal has an identity.
//   - The target must be empty, or hold the unfinished move of the same seal, which its
//     table transfer says. pgstore opens no database whose move is unfinished.
//   - Rows go table by table in the order of their keys, in batches. A batch and how far
//     it came (table transfer_progress) are one transaction: whenever it is killed, the next
//     start goes on behind the last batch that was committed, and no row is there twice.
//   - At the end both sides are read in full and compared: rows and a checksum for each
//     table, over one canonical form. Only then the move is finished.
//
// # What is moved
//
// Tables lists it: all tables and columns but leases, tokens and the heartbeat, which mean
// something to a running process only, and what triggers count. A run that held a key is
// over, and its key is due. Texts go as PostgreSQL can keep them: without zero bytes and
// with U+FFFD for what is not UTF-8; how many had to be changed is reported, and the
// checksums are those of the texts as they were written.
package transfer
