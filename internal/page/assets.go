package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed assets templates
var files embed.FS

// An asset is a style or a script.
type asset struct {
	name string // in the folder of assets
	text string
}

// bundle are the assets of the pages, in the order of loading.
type bundle struct {
	styles      []asset
	scripts     []asset // of the report
	liveScripts []asset // of the report in the viewer
	theme       []asset
	served      map[string]asset // by the path that the viewer serves them at
	filePolicy  string           // lets a page in a file run what stands in it and nothing else
}

// assets are read when first used: a daemon without a viewer needs none of them.
var assets = sync.OnceValue(func() *bundle {
	b := &bundle{
		styles:  load("vendor/tabulator.min.css", "app.css"),
		scripts: load("vendor/chart.umd.min.js", "vendor/chartjs-chart-matrix.min.js", "vendor/tabulator.min.js", "theme.js", "charts.js", "tables.js", "report.js"),
		theme:   load("theme.js"),
		served:  map[string]asset{},
	}
	b.liveScripts = slices.Concat(b.scripts, load("live.js"))
	for _, a := range slices.Concat(b.styles, b.liveScripts) {
		b.served[a.Path()] = a
	}
	b.filePolicy = "default-src 'none'; script-src " + hashes(b.scripts) + "; style-src " + hashes(b.styles) +
		"; img-src data: blob:; base-uri 'none'; form-action 'none'"
	return b
})

// own is the style of the pages themselves.
func (b *bundle) own() []asset { return b.styles[len(b.styles)-1:] }

func load(names ...string) []asset {
	assets := make([]asset, len(names))
	for i, name := range names {
		text, err := files.ReadFile("assets/" + name)
		if err != nil {
			panic(err) // embedded, so the build has it
		}
		assets[i] = asset{name, string(text)}
	}
	return assets
}

// Path is where the viewer serves the asset: its content is in the name, so that
// a browser may keep it for ever.
func (a asset) Path() string {
	sum := sha256.Sum256([]byte(a.text))
	ext := path.Ext(a.name)
	return AssetPrefix + strings.TrimSuffix(path.Base(a.name), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
}

// CSS and JS are the asset's text, for a page that holds it.
func (a asset) CSS() template.CSS { return template.CSS(a.text) } //nolint:gosec // ours, not a log's
func (a asset) JS() template.JS   { return template.JS(a.text) }  //nolint:gosec // ours, not a log's

// hash is how a content security policy names the asset.
func (a asset) hash() string {
	sum := sha256.Sum256([]byte(a.text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func hashes(assets []asset) string {
	all := make([]string, len(assets))
	for i, a := range assets {
		all[i] = a.hash()
	}
	return strings.Join(all, " ")
}

// AssetPrefix is where the viewer serves assets.
const AssetPrefix = "/assets/"

// Asset returns the text of a style or script and its media type; false if there
// is none at that path.
func Asset(name string) (text, mediaType string, ok bool) {
	a, ok := assets().served[name]
	if strings.HasSuffix(name, ".css") {
		return a.text, "text/css; charset=utf-8", ok
	}
	return a.text, "text/javascript; charset=utf-8", ok
}
