# Reference values of sim/stats from R; run by hand, never by the tests:
#
#     Rscript tests/stats/references.R tests/stats
#
# writes datasets.csv (the inputs) and references.csv (one expected number a line, with the R expression it comes from).
# Made with R 4.2.2, survival 3.5-3, cmprsk 2.2-11, MASS 7.3-58.2.
suppressPackageStartupMessages({library(survival); library(cmprsk)})
folder <- commandArgs(trailingOnly = TRUE)[1]

# Forty rows with ties, two causes, and late entries that tie with times of others.
i <- 0:39
T <- 1 + (37 * i) %% 41 + i %% 3
forty <- data.frame(entry = -Inf, time = T, cause = (7 * i + i %/% 5) %% 3)
late <- transform(forty, entry = floor((i %% 4) * T / 5))
# Two hundred rows on a coarse grid, three causes, events at time zero, heavy ties.
k <- 0:199
coarse <- data.frame(entry = -Inf, time = (k * k + 3 * k) %% 23 / 4, cause = (5 * k + k %/% 7) %% 4)
ties <- data.frame(entry = -Inf, time = c(1, 1, 1, 2, 2, 3, 3, 4), cause = c(1, 2, 0, 1, 2, 1, 0, 2))
aml1 <- data.frame(entry = -Inf, time = aml$time, cause = aml$status)
gehan <- data.frame(entry = -Inf, time = MASS::gehan$time, cause = MASS::gehan$cens)
level <- data.frame(entry = -Inf, time = 1:4, cause = c(1, 1, 1, 0))   # survival level at exactly 1/4 up to the end
uncensored <- data.frame(entry = -Inf, time = 1:4, cause = 1)
data <- list(ties = ties, forty = forty, late = late, coarse = coarse, aml = aml1, gehan = gehan,
             level = level, uncensored = uncensored)

number <- function(x) ifelse(is.na(x), "nan", ifelse(is.infinite(x), ifelse(x > 0, "inf", "-inf"), sprintf("%.12g", x)))
inputs <- do.call(rbind, lapply(names(data), function(name) data.frame(dataset = name, data[[name]])))
inputs$entry <- number(inputs$entry)
write.csv(inputs, file.path(folder, "datasets.csv"), row.names = FALSE, quote = FALSE)

rows <- list()
put <- function(dataset, estimator, conf_type, conf_level, quantity, cause, at, expected, source)
  rows[[length(rows) + 1]] <<- data.frame(dataset, estimator, conf_type, conf_level = number(conf_level), quantity, cause,
                                          at = number(at), expected = number(expected), source)

truncated <- function(d) any(is.finite(d$entry))
response <- function(d, status) if (truncated(d)) Surv(d$entry, d$time, status) else Surv(d$time, status)
written <- function(d, status) if (truncated(d)) sprintf("Surv(entry, time, %s)", status) else sprintf("Surv(time, %s)", status)

survival_curve <- function(name, at, conf_type = "log-log", conf_level = 0.95) {
  d <- data[[name]]
  fit <- survfit(response(d, d$cause > 0) ~ 1, conf.type = conf_type, conf.int = conf_level)
  s <- summary(fit, times = at, extend = TRUE)
  from <- sprintf("summary(survfit(%s ~ 1, conf.type='%s', conf.int=%g), times, extend=TRUE)", written(d, "cause > 0"), conf_type, conf_level)
  for (what in list(c("at_risk", "n.risk"), c("survival", "surv"), c("std_error", "std.err"), c("ci_low", "lower"), c("ci_high", "upper")))
    put(name, "kaplan_meier", conf_type, conf_level, what[1], 0, at, s[[what[2]]], paste0(from, "$", what[2]))
}
quantiles <- function(name, p, conf_type = "log-log") {
  d <- data[[name]]
  q <- quantile(survfit(response(d, d$cause > 0) ~ 1, conf.type = conf_type), p)
  from <- sprintf("quantile(survfit(%s ~ 1, conf.type='%s'), probs)", written(d, "cause > 0"), conf_type)
  for (what in list(c("quantile", "quantile"), c("quantile_low", "lower"), c("quantile_high", "upper")))
    put(name, "kaplan_meier", conf_type, 0.95, what[1], 0, p, q[[what[2]]], paste0(from, "$", what[2]))
}
# R's survival: estimates, and the infinitesimal jackknife, which without truncation is the Greenwood-type variance.
incidence <- function(name, at, conf_type = "log-log") {
  d <- data[[name]]
  fit <- survfit(response(d, factor(d$cause)) ~ 1, conf.type = conf_type, id = seq_len(nrow(d)))
  s <- summary(fit, times = at, extend = TRUE)
  from <- sprintf("summary(survfit(%s ~ 1, conf.type='%s', id=row), times, extend=TRUE)", written(d, "factor(cause)"), conf_type)
  wanted <- list(c("cumulative_incidence", "pstate"))
  if (!truncated(d)) wanted <- c(wanted, list(c("std_error", "std.err"), c("ci_low", "lower"), c("ci_high", "upper")))
  for (cause in seq_len(max(d$cause))) for (what in wanted)
    put(name, "aalen_johansen", conf_type, 0.95, what[1], cause, at, s[[what[2]]][, cause + 1], paste0(from, "$", what[2]))
}
by_cuminc <- function(name, at) {
  d <- data[[name]]
  points <- timepoints(cuminc(d$time, d$cause), at)$est
  for (cause in seq_len(max(d$cause)))
    put(name, "aalen_johansen", "log-log", 0.95, "cumulative_incidence", cause, at, points[cause, ], "timepoints(cuminc(time, cause), times)$est")
}
# The multinomial (Greenwood-type) covariance of the whole state vector, step by step with matrices.
by_matrices <- function(name, at) {
  d <- data[[name]]; K <- max(d$cause); p <- c(1, rep(0, K)); V <- matrix(0, K + 1, K + 1); sds <- NULL
  times <- sort(unique(d$time))
  for (t in times) {
    Y <- sum(d$time >= t & d$entry < t)
    h <- sapply(1:K, function(cause) sum(d$time == t & d$cause == cause)) / Y
    A <- diag(K + 1); A[1, ] <- A[1, ] + c(-sum(h), h)
    C <- (diag(h, K) - outer(h, h)) / Y
    C <- rbind(-colSums(C), C); C <- cbind(-rowSums(C), C)
    V <- t(A) %*% V %*% A + p[1]^2 * C
    p <- as.vector(p %*% A); sds <- rbind(sds, sqrt(pmax(diag(V), 0)))
  }
  for (cause in seq_len(K))
    put(name, "aalen_johansen", "log-log", 0.95, "std_error", cause, at, sds[findInterval(at, times), cause + 1],
        "by_matrices(): V <- t(A) V A + S^2 multinomial(h) / Y")
}
proportion <- function(successes, trials, conf_level) {
  exact <- binom.test(successes, trials, conf.level = conf_level)$conf.int
  score <- suppressWarnings(prop.test(successes, trials, correct = FALSE, conf.level = conf_level))$conf.int
  name <- paste(successes, trials, sep = "/")
  for (limit in 1:2) {
    quantity <- c("ci_low", "ci_high")[limit]
    put(name, "clopper-pearson", "", conf_level, quantity, 0, NaN, exact[limit], sprintf("binom.test(x, n, conf.level=%g)$conf.int", conf_level))
    put(name, "wilson", "", conf_level, quantity, 0, NaN, score[limit], sprintf("prop.test(x, n, correct=FALSE, conf.level=%g)$conf.int", conf_level))
  }
}

grid <- c(0, 0.5, 1, 2, 3.3, 4.5, 5.25)
# Times start at the first observed one: before it R prints the limits 1 and 1 where Engraft has none (log-log).
# Between two rows R prints the number at risk of the next one; under left truncation that is not the number at risk.
points <- c(1, 5, 9, 10, 13.5, 20, 30, 39, 41, 42)
for (kind in c("plain", "log", "log-log")) {
  survival_curve("forty", points, kind)
  survival_curve("late", setdiff(points, 13.5), kind)
  survival_curve("coarse", grid, kind)
  incidence("forty", points, kind)
  incidence("coarse", grid, kind)
}
survival_curve("aml", c(5, 16, 24, 48, 161))
survival_curve("aml", c(5, 16, 24, 48, 161), conf_level = 0.9)
survival_curve("gehan", c(1, 6, 10, 20, 23, 30), conf_level = 0.9)
survival_curve("ties", 1:4)
incidence("ties", 1:4)
by_matrices("ties", 1:4)
incidence("late", points)
by_matrices("late", points)
by_matrices("forty", points)
by_matrices("coarse", grid)
by_cuminc("ties", 1:4)
by_cuminc("forty", points)
for (kind in c("plain", "log-log")) quantiles("aml", c(0.1, 0.25, 0.5, 0.75, 0.9), kind)
# Not the median with type log: the upper limits rise again after 45, R's quantile reads them sorted by size and says
# 48; the first time at which the upper limit is at or below 1/2 is 45, which Engraft reports.
quantiles("aml", c(0.1, 0.25, 0.75, 0.9), "log")
quantiles("forty", c(0.1, 0.25, 0.5, 0.75, 0.9, 0.99))
quantiles("late", c(0.1, 0.25, 0.5, 0.75, 0.9))
quantiles("level", c(0.25, 0.5, 0.75, 0.9))
quantiles("uncensored", c(0.25, 0.5, 0.75, 0.9))
for (pair in list(c(0, 10), c(10, 10), c(1, 1), c(3, 91), c(4, 10), c(88, 113), c(4000, 20000)))
  for (conf_level in c(0.9, 0.95)) proportion(pair[1], pair[2], conf_level)

all <- do.call(rbind, rows)
# R solves Clopper-Pearson in closed form too (qbeta); the score and survival values are arithmetic: 12 printed digits.
all$tolerance <- ifelse(all$estimator == "clopper-pearson", "1e-9", "1e-10")
write.csv(all, file.path(folder, "references.csv"), row.names = FALSE, quote = match("source", names(all)))
