# ./dev bench ice_restart --plot FILE.svg calls this with target, labels and files: "milliseconds share" a line.
set terminal svg size 720,400 dynamic font "sans-serif,13" background "#ffffff"
set output target
set title "ICE restart of one pair on loopback"
set xlabel "ms until both ends have selected a new pair"
set ylabel "share of the restarts"
set logscale x
set yrange [0:1]
set grid xtics ytics lc rgb "#dddddd"
set key center center
array colors[3] = ["#00aa66", "#0066cc", "#cc6600"]
plot for [i=1:words(labels)] word(files, i) using 1:2 with steps lw 2 lc rgb colors[i] title word(labels, i)
