// Every page: put the reader where the news is.  An error summary or a fresh result takes the focus once.
document.querySelector("[data-focus]")?.focus();
