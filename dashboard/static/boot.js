// Runs before the first paint, so that neither theme nor language flickers. Everything else is modules.
try {
  var theme = localStorage.getItem('plimsoll.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  var lang = localStorage.getItem('plimsoll.lang') || navigator.language
  document.documentElement.lang = lang.indexOf('zh') === 0 ? 'zh-CN' : 'en'
} catch {
  // Storage may be forbidden; the defaults stand.
}
// The build puts the files of each page here: those of this address are asked for beside the start, not after it.
var pages = null
if (pages !== null) {
  var path = location.pathname
  var places = pages.byRoute[path] || pages.byRoute[path.replace(/[^/]+$/, '*')] || []
  places.forEach(function (place) {
    var link = document.createElement('link')
    link.href = pages.folder + pages.files[place]
    link.rel = link.href.endsWith('css') ? 'preload' : 'modulepreload'
    // As the page asks for its styles later: what was asked for in another mode is not used.
    link.crossOrigin = ''
    if (link.rel === 'preload') link.as = 'style'
    document.head.append(link)
  })
}
// The first number that is formatted makes the browser read its tables of all languages: done while files are on their way.
new Intl.NumberFormat(document.documentElement.lang).format(1)
new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: 'short' }).format(0)
