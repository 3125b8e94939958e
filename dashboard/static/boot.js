// Runs before the first paint, so that neither theme nor language flickers. Everything else is modules.
try {
  var theme = localStorage.getItem('plimsoll.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  var lang = localStorage.getItem('plimsoll.lang') || navigator.language
  document.documentElement.lang = lang.indexOf('zh') === 0 ? 'zh-CN' : 'en'
} catch {
  // Storage may be forbidden; the defaults stand.
}
