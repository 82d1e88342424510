package parse

import (
	"hash/maphash"
	"strings"

	"tailer"
)

// deployments remembers which model group each deployment serves, and by which model: since 1.104
// the record of an attempt names its deployment alone, but the router lists the
// deployments of the group it chooses from (router.py, DEBUG, all versions).
type deployments struct {
	group map[string]string // by the deployment's id
	model map[string]string // upstream, by the group; "" where a group has several
	seed  maphash.Seed
	seen  map[uint64]bool // lists that were read; most requests log one again
}

// maxDeployments bounds the deployments, and the lists, that are remembered.
const maxDeployments = 10_000

// read reads `[{'model_name': …, 'litellm_params': {…}, 'model_info':
// {'id': …}}, …]`.
func (d *deployments) read(by *decoder, text []byte) {
	if d.group == nil {
		d.group, d.model, d.seen, d.seed = map[string]string{}, map[string]string{}, map[uint64]bool{}, maphash.MakeSeed()
	}
	hash := maphash.Bytes(d.seed, text)
	if d.seen[hash] || len(d.seen) >= maxDeployments || len(d.group) >= maxDeployments {
		return
	}
	d.seen[hash] = true
	rd := by.repr(text, nil)
	list := rd.List()
	for list.Next() {
		var name string
		var k kwargs
		it := rd.Dict()
		for it.Next() {
			switch string(it.Key()) {
			case "model_name":
				name, _ = rd.Text()
			case "model_info":
				by.readModelInfo(rd, &k)
			case "litellm_params":
				params := rd.Dict()
				for params.Next() {
					if string(params.Key()) == "model" {
						k.model, _ = rd.Text()
					}
				}
			}
		}
		if k.modelID == "" || name == "" || strings.Contains(name, "*") {
			continue
		}
		d.group[k.modelID] = name
		if known, ok := d.model[name]; ok && known != k.model {
			k.model = ""
		}
		d.model[name] = k.model
	}
}

// complete states the model group of an attempt that names its deployment alone, and
// the model of one that names its group.
func (d *deployments) complete(r *tailer.Record, group string) {
	if group != "" {
		r.Call.Model = d.model[group]
	}
	if r.Call.ModelGroup == "" {
		r.Call.ModelGroup = d.group[r.Call.ModelID]
	}
}

// passedOn are the members of a body that LiteLLM passes on unchanged to the
// functions of routes whose body it does not log.
var passedOn = map[string][]string{
	"aimage_generation": {"prompt", "n", "size", "quality", "style", "response_format", "background", "output_format", "moderation"},
	"arerank":           {"query", "documents", "top_n", "rank_fields", "return_documents", "max_tokens_per_doc"},
	"aspeech":           {"input", "voice", "speed", "response_format"},
}

// rebuildBody makes a body of what the function of such a route was called with,
// where no record holds the body (1.104 and later).
func rebuildBody(r *tailer.Record, given tailer.Fields) {
	if r.Request.Body != nil || r.Request.Headers != nil || len(given) == 0 {
		return
	}
	r.Request.Body, r.Request.Rebuilt = given, true
}
