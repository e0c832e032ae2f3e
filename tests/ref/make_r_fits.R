# Make r_fits.json: maximum-likelihood fits by R alone, symmle not involved.
#
# Run from the root of the project:  Rscript tests/ref/make_r_fits.R > tests/ref/r_fits.json
#
# Each fit says which package computed it.  "mle" of fitdistrplus with the density of the package
# named after "+": its optimiser is restarted from its own answer until the log-likelihood stands
# still, so the log-likelihood is good to about 1e-9 and the point to 1e-4 or better.

suppressPackageStartupMessages({
  library(MASS); library(fitdistrplus); library(VGAM); library(sn); library(jsonlite)
})
options(warn = -1, show.error.messages = TRUE)
set.seed(1)

version <- function(p) paste(p, as.character(packageVersion(p)))
column <- function(file, name, divide = 1) read.csv(file.path("tests/data", file))[[name]] / divide
fits <- list()

record <- function(family, file, name, estimate, loglik, by, divide = 1, weights = NULL) {
  fits[[length(fits) + 1]] <<- list(
    family = family, file = file, column = name, divide = divide, weights = weights,
    estimate = as.list(estimate), log_likelihood = as.numeric(loglik), by = by)
}

# optim in coordinates without ends: log for every parameter but a location, restarted until it stands still
restarted <- function(fn, par, ...) {
  out <- function(t) ifelse(names(par) == "location", t, ifelse(names(par) == "zero", plogis(t), exp(t)))
  point <- ifelse(names(par) == "location", par, ifelse(names(par) == "zero", qlogis(par), base::log(par)))
  value <- 1e300
  height <- function(t) { v <- fn(setNames(out(t), names(par)), ...); if (is.finite(v)) v else 1e300 }
  one <- length(par) == 1
  for (round in 1:20) {
    found <- if (one) { o <- optimize(height, point + c(-3, 3) / round, tol = 1e-12); list(par = o$minimum, value = o$objective) }
      else optim(point, height, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 20000))
    if (found$value < value) point <- found$par
    if (found$value > value - 1e-12 * abs(value)) break
    value <- found$value
  }
  list(par = setNames(out(point), names(par)), value = min(value, found$value), convergence = 0, hessian = NULL)
}

# density: function(x, a, b, ..., log) in OUR parameters; start: named list in them
maximised <- function(family, file, name, density, start, by, divide = 1) {
  x <- column(file, name, divide)
  assign("dours", density, envir = globalenv())
  assign("pours", function(q, ...) stop("not used"), envir = globalenv())
  found <- mledist(x, "ours", start = start, custom.optim = restarted)
  if (!is.finite(found$loglik)) stop(paste(family, file, "has no fit"))
  record(family, file, name, found$estimate, found$loglik, paste(version("fitdistrplus"), "+", by), divide)
}

named <- function(family, file, name, word, rename, ...) {   # MASS::fitdistr's own fits
  found <- fitdistr(column(file, name), word, ...)
  estimate <- setNames(as.numeric(found$estimate), rename)
  record(family, file, name, estimate, found$loglik, version("MASS"))
}


# --- fits with a routine of their own -----------------------------------------------------------
for (f in list(c("newcomb.csv", "x"), c("nile.csv", "x"), c("galaxies.csv", "x"), c("faithful.csv", "waiting"))) {
  named("normal", f[1], f[2], "normal", c("mu", "sigma"))
}
for (f in c("groundbeef.csv", "aircondit.csv", "danishuni.csv", "nile.csv")) {
  named("lognormal", f, "x", "lognormal", c("mu", "sigma"))
  named("exponential", f, "x", "exponential", "rate")
}
for (f in c("discoveries.csv", "quakes_stations.csv")) {
  named("poisson", f, "x", "poisson", "rate")
  named("geometric", f, "x", "geometric", "p")
}
fatigue <- function(file) {
  x <- column(file, "x"); fit <- vglm(x ~ 1, bisa, epsilon = 1e-12, maxit = 200)
  est <- Coef(fit); record("birnbaum_saunders", file, "x",
    c(shape = unname(est["shape"]), scale = unname(est["scale"])), logLik(fit), version("VGAM"))
}
fatigue("aircondit.csv"); fatigue("groundbeef.csv")
one <- function(family, file, vfamily, ours, col = "x", shift = 0) {
  x <- column(file, col); fit <- vglm(x ~ 1, vfamily, epsilon = 1e-13, maxit = 300)
  est <- as.numeric(Coef(fit)) + shift; names(est) <- ours
  record(family, file, col, est, logLik(fit), version("VGAM"))
}
one("rayleigh", "groundbeef.csv", rayleigh(), "scale")
one("rayleigh", "nile.csv", rayleigh(), "scale")
one("zeta", "quakes_stations.csv", zetaff(), "exponent", shift = 1)  # VGAM counts the exponent from 1
one("log_series", "quakes_stations.csv", logff(), "p")
x <- column("faithful.csv", "waiting")
skew <- sn.mple(y = x, opt.method = "nlminb", control = list(rel.tol = 1e-14))
dp <- cp2dp(skew$cp, "SN")
record("skew_normal", "faithful.csv", "waiting", c(location = unname(dp[1]), scale = unname(dp[2]),
  alpha = unname(dp[3])), skew$logL, version("sn"))

# --- fitdistrplus over densities of other packages ----------------------------------------------
go <- maximised
POS <- c("groundbeef.csv", "aircondit.csv", "danishuni.csv")
for (f in POS) {
  m <- mean(column(f, "x"))
  go("gamma", f, "x", function(x, shape, rate, log = FALSE) stats::dgamma(x, shape, rate, log = log), list(shape = 1, rate = 1 / m), "stats")
  go("weibull", f, "x", function(x, shape, scale, log = FALSE) stats::dweibull(x, shape, scale, log = log), list(shape = 1, scale = m), "stats")
  go("inverse_gaussian", f, "x", function(x, mu, shape, log = FALSE) statmod::dinvgauss(x, mean = mu, shape = shape, log = log), list(mu = m, shape = m), version("statmod"))
  go("log_logistic", f, "x", function(x, shape, scale, log = FALSE) actuar::dllogis(x, shape = shape, scale = scale, log = log), list(shape = 1, scale = m), version("actuar"))
  go("frechet", f, "x", function(x, shape, scale, log = FALSE) extraDistr::dfrechet(x, lambda = shape, mu = 0, sigma = scale, log = log), list(shape = 1, scale = m), version("extraDistr"))
  go("inverse_gamma", f, "x", function(x, shape, scale, log = FALSE) actuar::dinvgamma(x, shape = shape, scale = scale, log = log), list(shape = 1, scale = m), version("actuar"))
  go("nakagami", f, "x", function(x, shape, spread, log = FALSE) VGAM::dnaka(x, scale = spread, shape = shape, log = log), list(shape = 0.5, spread = mean(column(f, "x")^2)), version("VGAM"))
}
lomax <- function(x, shape, scale, log = FALSE) actuar::dpareto(x, shape = shape, scale = scale, log = log)
go("lomax", "danishuni.csv", "x", lomax, list(shape = 3, scale = 6), version("actuar"))
go("lomax", "aircondit.csv", "x", lomax, list(shape = 3, scale = 200), version("actuar"))
lindley <- function(x, theta, log = FALSE) VGAM::dlind(x, theta = theta, log = log)
go("lindley", "groundbeef.csv", "x", lindley, list(theta = 0.03), version("VGAM"))
go("lindley", "aircondit.csv", "x", lindley, list(theta = 0.03), version("VGAM"))
maxwell <- function(x, scale, log = FALSE) VGAM::dmaxwell(x, rate = 1 / scale^2, log = log)
go("maxwell", "groundbeef.csv", "x", maxwell, list(scale = 40), version("VGAM"))
halfnormal <- function(x, scale, log = FALSE) extraDistr::dhnorm(x, sigma = scale, log = log)
go("half_normal", "aircondit.csv", "x", halfnormal, list(scale = 40), version("extraDistr"))
levy <- function(x, scale, log = FALSE) rmutil::dlevy(x, m = 0, s = scale, log = log)
go("levy", "danishuni.csv", "x", levy, list(scale = 2), version("rmutil"))
student <- function(x, location, scale, df, log = FALSE) {
  value <- stats::dt((x - location) / scale, df, log = TRUE) - base::log(scale)
  if (log) value else exp(value)
}
REAL <- list(c("newcomb.csv", "x"), c("nile.csv", "x"), c("galaxies.csv", "x"))
for (f in REAL) {
  x <- column(f[1], f[2]); m <- median(x); s <- mad(x)
  go("cauchy", f[1], f[2], function(x, location, scale, log = FALSE) stats::dcauchy(x, location, scale, log = log), list(location = m, scale = s), "stats")
  go("logistic", f[1], f[2], function(x, location, scale, log = FALSE) stats::dlogis(x, location, scale, log = log), list(location = m, scale = s), "stats")
  go("gumbel", f[1], f[2], function(x, location, scale, log = FALSE) evd::dgumbel(x, location, scale, log = log), list(location = m, scale = s), version("evd"))
  go("student_t", f[1], f[2], student, list(location = m, scale = s, df = 5), "stats")
}
go("laplace", "newcomb.csv", "x", function(x, location, scale, log = FALSE) extraDistr::dlaplace(x, location, scale, log = log), list(location = 27, scale = 5), version("extraDistr"))
unit <- function(f, name, divide) {
  go("beta", f, name, function(x, a, b, log = FALSE) stats::dbeta(x, a, b, log = log), list(a = 2, b = 2), "stats", divide)
  go("kumaraswamy", f, name, function(x, a, b, log = FALSE) VGAM::dkumar(x, shape1 = a, shape2 = b, log = log), list(a = 2, b = 2), version("VGAM"), divide)
}
unit("nile.csv", "x", 1500); unit("faithful.csv", "eruptions", 6)
negbin <- function(x, size, mu, log = FALSE) stats::dnbinom(x, size = size, mu = mu, log = log)
go("negative_binomial", "discoveries.csv", "x", negbin, list(size = 3, mu = 3), "stats")
go("negative_binomial", "quakes_stations.csv", "x", negbin, list(size = 3, mu = 30), "stats")
zip <- function(x, rate, zero, log = FALSE) extraDistr::dzip(x, rate, zero, log = log)
go("zero_inflated_poisson", "discoveries.csv", "x", zip, list(rate = 3, zero = 0.05), version("extraDistr"))

# --- laws with a tail, turned round, from one on, and on an interval ------------------------------
danish <- function(family, start, density, by) go(family, "danishuni.csv", "x", density, start, by)
danish("burr", list(tail = 1, shape = 2, scale = 2), function(x, tail, shape, scale, log = FALSE) actuar::dburr(x, shape1 = tail, shape2 = shape, scale = scale, log = log), version("actuar"))
danish("paralogistic", list(shape = 1.5, scale = 3), function(x, shape, scale, log = FALSE) actuar::dparalogis(x, shape = shape, scale = scale, log = log), version("actuar"))
danish("inverse_paralogistic", list(shape = 2, scale = 1), function(x, shape, scale, log = FALSE) actuar::dinvparalogis(x, shape = shape, scale = scale, log = log), version("actuar"))
danish("beta_prime", list(a = 5, b = 2), function(x, a, b, log = FALSE) extraDistr::dbetapr(x, shape1 = a, shape2 = b, log = log), version("extraDistr"))
go("burr", "groundbeef.csv", "x", function(x, tail, shape, scale, log = FALSE) actuar::dburr(x, shape1 = tail, shape2 = shape, scale = scale, log = log), list(tail = 2, shape = 3, scale = 90), version("actuar"))
go("generalised_gamma", "groundbeef.csv", "x", function(x, shape, power, scale, log = FALSE) actuar::dtrgamma(x, shape1 = shape, shape2 = power, scale = scale, log = log), list(shape = 4, power = 1, scale = 20), version("actuar"))
go("rice", "nile.csv", "x", function(x, distance, scale, log = FALSE) VGAM::drice(x, sigma = scale, vee = distance, log = log), list(distance = 900, scale = 170), version("VGAM"))
go("gompertz", "aircondit.csv", "x", function(x, shape, rate, log = FALSE) VGAM::dgompertz(x, scale = rate, shape = shape, log = log), list(shape = 0.01, rate = 0.001), version("VGAM"))
go("half_cauchy", "aircondit.csv", "x", function(x, scale, log = FALSE) extraDistr::dhcauchy(x, sigma = scale, log = log), list(scale = 40), version("extraDistr"))
go("gumbel_minimum", "nile.csv", "x", function(x, location, scale, log = FALSE) evd::dgumbel(-x, -location, scale, log = log), list(location = 1000, scale = 150), version("evd"))
go("asymmetric_laplace", "nile.csv", "x", function(x, location, scale, skew, log = FALSE) VGAM::dalap(x, location = location, scale = sqrt(2) * scale, kappa = skew, log = log), list(location = 893, scale = 135, skew = 1), version("VGAM"))
go("generalised_normal", "newcomb.csv", "x", function(x, location, scale, shape, log = FALSE) rmutil::dpowexp(x, location, scale^2 / 2^(2 / shape), shape / 2, log = log), list(location = 27, scale = 5, shape = 1.5), version("rmutil"))
go("logit_normal", "nile.csv", "x", function(x, mu, sigma, log = FALSE) {
  value <- stats::dnorm(qlogis(x), mu, sigma, log = TRUE) - base::log(x * (1 - x)); if (log) value else exp(value)
}, list(mu = 1, sigma = 1), "stats", 1500)
go("topp_leone", "nile.csv", "x", function(x, shape, log = FALSE) VGAM::dkumar(1 - x, shape1 = 2, shape2 = shape, log = log), list(shape = 4), version("VGAM"), 1500)
go("yule_simon", "quakes_stations.csv", "x", function(x, shape, log = FALSE) VGAM::dyules(x, shape = shape, log = log), list(shape = 1), version("VGAM"))
go("zero_truncated_poisson", "quakes_stations.csv", "x", function(x, rate, log = FALSE) actuar::dztpois(x, lambda = rate, log = log), list(rate = 30), version("actuar"))
go("shifted_geometric", "quakes_stations.csv", "x", function(x, p, log = FALSE) stats::dgeom(x - 1, prob = p, log = log), list(p = 0.05), "stats")

# --- directions ---------------------------------------------------------------------------------
x <- column("islay_directions.csv", "theta")
vm <- circular::mle.vonmises(circular::circular(x))
C <- mean(cos(x)); S <- mean(sin(x)); mu <- atan2(S, C); R <- sqrt(C^2 + S^2)
ratio <- function(k) besselI(k, 1, TRUE) / besselI(k, 0, TRUE) - R
kappa <- uniroot(ratio, c(1e-6, 500), tol = 1e-14)$root
stopifnot(abs(as.numeric(vm$kappa) - kappa) < 1e-2 * kappa)  # its inverse of the ratio is an approximation
loglik <- sum(kappa * cos(x - mu) - log(2 * pi) - log(besselI(kappa, 0, TRUE)) - kappa)
record("von_mises", "islay_directions.csv", "theta", c(location = mu, concentration = kappa), loglik,
  paste(version("circular"), "for the equation, uniroot of stats for its root"))

# --- regressions: estimate by glm and lm --------------------------------------------------------
cars <- read.csv("tests/data/mtcars.csv")
regression <- function(name, formula, family, names, extra = NULL) {
  fit <- glm(formula, family, cars, control = list(epsilon = 1e-14, maxit = 100))
  estimate <- setNames(as.numeric(coef(fit)), names)
  record(name, "mtcars.csv", paste(all.vars(formula), collapse = ","), c(estimate, extra), logLik(fit), "stats::glm")
}
regression("poisson_regression", carb ~ hp, poisson(), c("a", "b"))
regression("logistic_regression", am ~ wt, binomial(), c("a", "b"))
line <- lm(mpg ~ wt, cars)
record("normal_regression", "mtcars.csv", "mpg,wt", c(a = unname(coef(line)[1]), b = unname(coef(line)[2]),
  sigma = sqrt(mean(resid(line)^2))), logLik(line), "stats::lm")
through <- lm(disp ~ 0 + wt, cars)
record("through_origin", "mtcars.csv", "disp,wt", c(b = unname(coef(through)), sigma = sqrt(mean(resid(through)^2))),
  logLik(through), "stats::lm")

# --- grouped counts -----------------------------------------------------------------------------
kicks <- read.csv("tests/data/horsekicks.csv"); rows <- rep(kicks$x, kicks$freq)
fit <- fitdistr(rows, "poisson")
record("poisson", "horsekicks.csv", "x", c(rate = unname(fit$estimate)), fit$loglik, version("MASS"), weights = "freq")
fit <- fitdistr(rows, "negative binomial")
record("negative_binomial", "horsekicks.csv", "x", c(size = unname(fit$estimate[1]), mu = unname(fit$estimate[2])),
  fit$loglik, version("MASS"), weights = "freq")
fit <- fitdistr(rows, "geometric")
record("geometric", "horsekicks.csv", "x", c(p = unname(fit$estimate)), fit$loglik, version("MASS"), weights = "freq")

cat(toJSON(list(made_by = R.version.string, fits = fits), auto_unbox = TRUE, digits = 17, pretty = TRUE, null = "null"), "\n")
