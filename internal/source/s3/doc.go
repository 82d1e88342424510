// Package s3 is the source for payloads that LiteLLM's s3, s3_v2 and gcs_bucket
// callbacks keep as objects: it lists a bucket by the S3 API and yields its
// objects, opened, in the order of their keys. LiteLLM's keys begin with the day
// (`<path>/[team/]YYYY-MM-DD/time-HH-MM-SS-ffffff_<id>.json`) and the time at which
// the request began, so that is nearly the order of time within a path. They do not
// tell what is new: an object is written when its request ends.
//
//	bucket, err := s3.Open("s3://logs/litellm/", s3.Config{Env: os.LookupEnv})
//	listing := bucket.List(ctx, lastKey, lastRun, nil)
//	defer listing.Close()
//	for {
//		object, err := listing.Next() // io.EOF at the end
//		…
//		object.Body.Close()
//	}
//
// Invariants:
//   - Keys ascend, and each is after the key that List was given: whoever
//     remembers the last key that was dealt with can go on with a listing. What
//     came meanwhile under an earlier key is found by the time of its modification.
//   - An object that can't be read is told (ObjectError) and ends nothing.
//   - A few objects are fetched ahead; small ones whole, of others the rest is
//     asked for where a connection breaks. Memory is bounded.
//   - Keys come from the environment or AWS's files, as for other programs, and are
//     never printed.
//
// It writes nothing, and it does not know what an object holds.
package s3
