// Package disk tells how much of a file system may still be filled.
//
//	spare := disk.Spare("/var/lib/tailer", disk.Reserve{Part: 4, Most: 128 << 20})
//	if spare() < need { … } // wait: others need what is left
//
// Who fills a disk to its last byte takes from others what they need to empty it
// again: what waits for a server can leave the disk only if it can be noted that it
// was delivered.
package disk
