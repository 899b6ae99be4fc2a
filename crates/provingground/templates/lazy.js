// Pictures that a list names in data-original appear when the page has loaded, as on the sites that this one stands for.
document.querySelectorAll('[data-original]').forEach(function (e) {
  if (e.tagName === 'IMG') { e.src = e.dataset.original; } else { e.style.backgroundImage = 'url(' + e.dataset.original + ')'; }
});
