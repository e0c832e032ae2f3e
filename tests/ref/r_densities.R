# Answer the questions of make_r_densities.py: the log-density by R's own functions.
#
# Run from the root of the project:
#   python -m tests.ref.make_r_densities | Rscript tests/ref/r_densities.R > answers
#   mv answers tests/ref/r_densities.json
#
# A call such as dt((x - location)/scale, df=df)/scale is R as it stands.  The function of the
# package is asked for the logarithm itself (log = TRUE) wherever it has that argument: a product or
# quotient of densities becomes a sum or difference of their logarithms.  A row where R's density
# is zero or NaN is null.

suppressPackageStartupMessages(library(jsonlite))

log_of <- function(call, here) {
  if (is.call(call)) {
    head <- call[[1]]
    if (identical(head, quote(`*`))) return(log_of(call[[2]], here) + log_of(call[[3]], here))
    if (identical(head, quote(`/`))) return(log_of(call[[2]], here) - log_of(call[[3]], here))
    if (identical(head, quote(`(`))) return(log_of(call[[2]], here))
    does <- if (is.name(head)) get(as.character(head), mode = "function") else eval(head)
    if (is.function(does) && "log" %in% names(formals(does))) {
      call$log <- TRUE
      return(eval(call, here))
    }
  }
  log(eval(call, here))
}

packages <- function(call) {  # those named before "::"
  if (!is.call(call)) return(character())
  if (identical(call[[1]], quote(`::`))) return(as.character(call[[2]]))
  unique(unlist(lapply(as.list(call), packages)))
}

one <- function(question) {
  call <- parse(text = question$r)[[1]]
  value <- function(row) {
    here <- list2env(c(question$parameters, row), parent = globalenv())
    result <- tryCatch(as.numeric(log_of(call, here)), error = function(problem)
      stop(question$family, ": ", question$r, ": ", conditionMessage(problem), call. = FALSE))
    if (length(result) != 1) stop(question$family, " has no single value: ", question$r)
    if (is.finite(result)) result else NULL
  }
  question$log_density <- lapply(question$rows, value)
  question
}

questions <- fromJSON(file("stdin"), simplifyVector = FALSE)
named <- sort(unique(unlist(lapply(questions, function(each) packages(parse(text = each$r)[[1]])))))
answers <- lapply(questions, one)
versions <- lapply(setNames(named, named), function(each) as.character(packageVersion(each)))
cat("{\"made_by\": ", toJSON(R.version.string, auto_unbox = TRUE), ",\n\"packages\": ",
  toJSON(versions, auto_unbox = TRUE), ",\n\"answers\": [\n", sep = "")
lines <- vapply(answers, function(each) as.character(toJSON(each, auto_unbox = TRUE, digits = I(17), null = "null")), "")
cat(paste(lines, collapse = ",\n"), "\n]}\n")
